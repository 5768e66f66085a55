// One run of the latency job, in a process of its own: MILLRACE_BENCH_LATENCY='{...}' node run.js PARALLELISM BUFFER-TIMEOUT-MS
import { executeModule } from '#src/index.js';

const [parallelism, bufferTimeoutMs] = process.argv.slice(2);
const job = await executeModule(new URL('./job.js', import.meta.url), {
  settings: { 'parallelism.default': parallelism, 'execution.buffer-timeout.interval': `${bufferTimeoutMs} ms` },
});
await job.done;
