// A program of its own, so that its whole output can be looked at: runs the job module given as argument.
import { executeModule } from '#src/index.js';

const job = await executeModule(process.argv[2], { settings: { 'parallelism.default': process.argv[3] ?? '2' } });
await job.done;
