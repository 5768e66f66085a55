import { defineCommand } from 'citty';
import { runDemo } from './demo.js';
import { explainFile, runFile } from './run.js';

const set = {
  type: 'string',
  description: "job options as 'key=value', separated by ';' (as SET in the script)",
} as const;

const run = defineCommand({
  meta: { name: 'run', description: 'Runs a Flink SQL script (.sql) or a module whose default export builds a DataStream graph (.js, .mjs, .ts).' },
  args: {
    file: { type: 'positional', description: 'job.sql or job.js', required: true },
    set,
    'metrics-json': { type: 'string', description: 'writes records, seconds, startupMs and peakRssBytes of each job to this file' },
    quiet: { type: 'boolean', description: 'prints rows and errors only', default: false },
  },
  async run({ args }) {
    process.exitCode = await runFile(args.file, { set: args.set, metricsJson: args['metrics-json'], quiet: args.quiet });
  },
});

const explain = defineCommand({
  meta: { name: 'explain', description: 'Prints the plans of a SQL script without running it.' },
  args: { file: { type: 'positional', description: 'job.sql', required: true }, set },
  async run({ args }) {
    process.exitCode = await explainFile(args.file, { set: args.set });
  },
});

const demo = defineCommand({
  meta: { name: 'demo', description: 'Runs the coupon-abuse job on a built-in generator of user events; needs nothing.' },
  args: {
    rows: { type: 'string', description: 'events to make', default: '20000000' },
    parallelism: { type: 'string', description: 'number of slots', default: '2' },
  },
  async run({ args }) {
    process.exitCode = await runDemo({ rows: args.rows, parallelism: args.parallelism });
  },
});

const bench = defineCommand({
  meta: { name: 'bench', description: 'Measures throughput and latency on this machine, against peers on the same input.' },
});

const bundle = defineCommand({
  meta: { name: 'bundle', description: 'Copies millrace beside a bundle that leaves it external, to <outdir>/node_modules.' },
  args: { outdir: { type: 'positional', description: 'folder of the bundle', required: true } },
  async run({ args }) {
    const { copyPackage } = await import('./bundle.js');
    copyPackage(args.outdir);
  },
});

const version = '0.1.0';
export const command = defineCommand({
  meta: { name: 'millrace', version, description: "Stream processing for Node.js with Flink's semantics." },
  subCommands: { run, explain, demo, bench, bundle },
});
export { runMain } from 'citty';
export { checkSubCommand } from './flags.js';
