/** What the tidy test allows. Every entry has a reason or a number that may only shrink; an entry nobody needs any more fails the test. */

/** Folder of src/ -> rank. A file imports its own folder and folders of a smaller rank; equal ranks never import each other. */
export const RANKS: Readonly<Record<string, number>> = {
  base: 0,
  types: 1,
  regex: 1,
  wasm: 2,
  batch: 3,
  time: 4,
  contract: 5,
  ring: 6,
  state: 6,
  format: 6,
  connect: 7,
  aggregate: 7,
  source: 8,
  chain: 8,
  exchange: 8,
  window: 8,
  group: 8,
  sink: 8,
  checkpoint: 9,
  task: 10,
  job: 11,
  stream: 12,
  sql: 13,
  serve: 14,
};

/** Connectors see the contract and what lies below it, and the formats; never rings, state or the runtime. */
export const CONNECT_ALSO: readonly string[] = ['format'];

/** node: and npm modules by file: everything else in src/ runs in a browser too. */
export const EXTERNAL: Readonly<Record<string, readonly string[]>> = {
  'src/base/zone.ts': ['node:fs'],
  'src/chain/keyed.ts': ['node:v8'],
  'src/connect/dead_letters.ts': ['node:fs', 'node:path'],
  'src/connect/filesystem/block.ts': ['node:fs'],
  'src/connect/filesystem/gzip.ts': ['node:fs', 'node:zlib'],
  'src/connect/filesystem/listing.ts': ['node:fs', 'node:path', 'node:url'],
  'src/connect/filesystem/metadata.ts': ['node:path'],
  'src/connect/filesystem/monitor.ts': ['node:timers/promises'],
  'src/connect/filesystem/parts.ts': ['node:fs', 'node:path'],
  'src/connect/filesystem/runs.ts': ['node:events', 'node:fs', 'node:net', 'node:path'],
  'src/connect/filesystem/unchanged.ts': ['node:fs'],
  'src/connect/filesystem/writer.ts': ['node:path'],
  'src/connect/kafka/batch-walk.ts': ['node:util', 'node:zlib'],
  'src/connect/kafka/client-internals.ts': ['kafkajs', 'node:net'],
  'src/connect/kafka/committer.ts': ['node:timers/promises'],
  'src/connect/kafka/connect.ts': ['node:timers/promises'],
  'src/connect/kafka/coordinator.ts': ['node:timers/promises'],
  'src/connect/kafka/deflate.ts': ['node:zlib'],
  'src/connect/kafka/fetch-lane.ts': ['node:timers/promises'],
  'src/connect/kafka/io-sink.ts': ['node:timers/promises'],
  'src/connect/kafka/io-source.ts': ['node:timers/promises'],
  'src/connect/kafka/kafkajs-parts.ts': ['kafkajs', 'node:module'],
  'src/connect/kafka/kafkajs-repairs.ts': ['node:net'],
  'src/connect/kafka/link.ts': ['node:net'],
  'src/connect/kafka/native-crc.ts': ['node:module'],
  'src/connect/kafka/plan.ts': ['node:timers/promises'],
  'src/connect/kafka/settings.ts': ['node:fs'],
  'src/connect/kafka/socket.ts': ['node:net', 'node:tls'],
  'src/connect/kafka/topic-identity.ts': ['node:timers/promises'],
  'src/contract/options.ts': ['valibot'],
  'src/exchange/reader.ts': ['node:v8'],
  'src/exchange/writer.ts': ['node:v8'],
  'src/job/execute.ts': ['node:worker_threads'],
  'src/job/inline.ts': ['node:worker_threads'],
  'src/job/io-thread.ts': ['node:worker_threads'],
  'src/job/options.ts': ['node:os'],
  'src/job/pool.ts': ['node:worker_threads'],
  'src/ring/io-bell.ts': ['node:worker_threads'],
  'src/serve/bundle.ts': ['node:fs', 'node:module', 'node:path', 'node:url'],
  'src/serve/compiler.ts': ['node:os', 'node:v8'],
  'src/serve/commands.ts': ['citty'],
  'src/serve/flags.ts': ['citty'],
  'src/serve/run.ts': ['node:fs', 'node:os', 'node:path'],
  'src/serve/module-guard.ts': ['node:fs'],
  'src/state/objects.ts': ['node:v8'],
  'src/stream/execute.ts': ['node:path', 'node:url'],
  'src/stream/graph-builder.ts': ['node:crypto'],
  'src/stream/node-streams.ts': ['node:stream'],
  'src/stream/stream.ts': ['node:stream', 'node:util'],
  'src/task/io-worker.ts': ['node:worker_threads'],
  'src/task/worker.ts': ['node:worker_threads'],
  'src/wasm/engine.ts': ['node:fs', 'node:fs/promises'],
  'src/window/process.ts': ['node:v8'],
};

/** Packages whose install scripts need not run, and why. */
export const IDLE_SCRIPTS: Readonly<Record<string, string>> = {
  'node_modules/esbuild': 'puts its binary in the place of its command; the API, which is what is used, finds it by itself',
};

/** Calls that make a run unrepeatable, talk past the logger or lose addresses, and where they may stand (base/ may always). */
export const BANNED: readonly { readonly call: RegExp; readonly instead: string; readonly allowed: Readonly<Record<string, string>> }[] = [
  { call: /\bDate\.now\b|\bnew Date\(\s*\)/, instead: 'the Clock that was passed in', allowed: {} },
  {
    call: /\bMath\.random\b|\brandomUUID\b|\brandomBytes\b/,
    instead: 'a Prng that was passed in',
    allowed: {},
  },
  { call: /\bperformance\.now\b|\bprocess\.hrtime\b/, instead: 'Clock.monotonicMs()', allowed: {} },
  {
    call: /\b(setTimeout|setInterval)\s*\(/,
    instead: "the Clock, registerProcessingTimer, or wakeupMs: timers belong to the runtime's loops",
    allowed: {
      'src/connect/kafka/link.ts': "Socket.setTimeout: the socket's own watch over silence",
      'src/job/commits.ts': 'asks for barriers at the commit interval',
      'src/job/io-thread.ts': 'grace before the I/O thread is ended',
      'src/job/execute.ts': 'grace before a thread that does not end is ended',
      'src/job/pool.ts': 'bounds the wait for threads that load',
      'src/job/inline.ts': "sleep of a slot on the user's thread, which must not block",
      'src/ring/doorbell.ts': 'keeps a thread alive while it waits without blocking',
      'src/serve/interrupt.ts': 'grace before a thread that does not end is left to the system',
      'src/serve/module-guard.ts': 'says that a job module is slow to load',
      'src/serve/watch.ts': 'redraws the status line',
      'src/task/io-hub.ts': 'waits for room in a ring on a thread that must not block',
      'src/task/worker.ts': 'naps of a slot that waits for a promise',
    },
  },
  { call: /(?<!>)>> [23]\b(?!n)/, instead: "'>>>': an address from 2 GiB on is negative after '>>', and what is written there is lost", allowed: {} },
  { call: /\bconsole\.\w+\s*\(/, instead: 'a metric, an error, or the print of the IoContext', allowed: {} },
  {
    call: /\bprocess\.exit\s*\(/,
    instead: 'process.exitCode, and an end by itself',
    allowed: { 'src/serve/interrupt.ts': 'a second Ctrl-C ends the process at once' },
  },
];

export const FILE_LINES_MAX = 300;
/** Longer files with the length they must not pass. */
export const LONG_FILES: Readonly<Record<string, number>> = {
  'src/stream/stream.ts': 370,
  'src/wasm/compile.ts': 445,
  'src/wasm/encoder.ts': 346,
  'assembly/expr/string.ts': 346,
  'assembly/scan/csv.ts': 303,
};

export const FUNCTION_LINES_MAX = 70;
/** 'file' -> lines of its longest function, which it must not pass. */
export const LONG_FUNCTIONS: Readonly<Record<string, number>> = {
  'src/wasm/host.ts': 90,
};
