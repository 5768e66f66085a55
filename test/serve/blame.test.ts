import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { millrace, put, scratch } from './cli.js';

const ENTRY = fileURLToPath(new URL('../../../dist/index.js', import.meta.url));
const dir = scratch();
put(dir, 'in.jsonl', Array.from({ length: 200 }, (_, i) => `{"id":${i}}\n`).join(''));
let jobs = 0;

interface Job {
  readonly steps?: string;
  readonly top?: string;
  readonly build?: string;
}
/** A job module over 200 ids at parallelism 2: its steps stand in line 9, `top` in line 4, `build` in line 6. */
function job({ steps = 'ids.map((r) => r.id)', top = '', build = '' }: Job): string {
  return put(
    dir,
    `job-${jobs++}.mjs`,
    `import { schema } from '${ENTRY}';
import { EventEmitter } from 'node:events';
import { isMainThread } from 'node:worker_threads';
${top}
export default async function (env) {
  ${build}
  env.setParallelism(2);
  const ids = env.fromConnector({ connector: 'filesystem', path: '${dir}/in.jsonl', format: 'json', schema: schema({ id: 'INT' }) });
  ${steps}.print();
}
`,
  );
}
const LATER = 'return new Promise((f) => setTimeout(f, 300, r.id));';
const at7 = (what: string): string => `ids.map((r) => { if (r.id === 7) ${what}; return r.id; }).name('seven')`;
const later7 = (what: string): string => `ids.map((r) => { if (r.id === 7) ${what}; ${LATER} }).name('seven')`;

/** Runs jobs two at a time: each must fail with its code first and its place. */
async function blames(cases: readonly (readonly [Job, RegExp])[]): Promise<void> {
  const left = [...cases];
  const next = async (): Promise<void> => {
    for (let c = left.shift(); c !== undefined; c = left.shift()) {
      const path = job(c[0]);
      const r = await millrace(['run', path, '--quiet'], { timeoutMs: 20_000 });
      assert.equal(r.code, 1, `${JSON.stringify(c[0])}\n${r.stderr}`);
      assert.match(r.stderr, c[1], JSON.stringify(c[0]));
      assert.match(r.stderr, new RegExp(path.replaceAll('.', '[.]')), 'the file is named');
      assert.doesNotMatch(r.stderr, /INTERNAL|bug in millrace|dist\/chunks/);
    }
  };
  await Promise.all([next(), next()]);
}

test('whatever a function throws is its own, with operator, file and line', async () => {
  await blames([
    [{ steps: at7('throw { toString() { throw new Error() } }') }, /^USER_CODE: a function of 'seven' threw \{\}\n.*:9:\d+, operator seven/],
    [{ steps: at7('throw new Proxy({}, { get() { throw 1 }, getPrototypeOf() { throw 1 } })') }, /^USER_CODE: .*cannot be read.*\n.*:9:\d+, operator seven/],
    [{ steps: at7("throw 'words'") }, /^USER_CODE: a function of 'seven' threw words\n.*:9:\d+/],
    [{ steps: at7("throw new Error('outer', { cause: new Error('inner') })") }, /^USER_CODE: .*threw Error: outer \(cause: Error: inner\)\n.*:9:\d+/],
    [{ steps: 'ids.map(async (r) => { if (r.id === 7) throw null; return r.id; })' }, /^USER_CODE: a function of 'Map' threw null\n.*:9:\d+/],
    [{ steps: "ids.flatMap((r) => ({ get then() { throw new Error('then') } }))" }, /^USER_CODE: .*threw Error: then\n.*:9:\d+/],
    [{ steps: "ids.flatMap((r) => ({ get [Symbol.iterator]() { throw new Error('iterator') } }))" }, /^USER_CODE: .*threw Error: iterator\n/],
    [{ steps: 'ids.flatMap(async function* (r) { yield r.id; })' }, /^USER_CODE: .*returned an async iterable.*\n.*:9:\d+/],
    [
      { steps: "ids.map(async (r) => { const { id } = r; return { get x() { throw new Error('field') } }; }).returns(schema({ x: 'INT' }))" },
      /^USER_CODE: .*threw Error: field\n/,
    ],
    [
      { steps: "ids.process({ open() { throw new Error('opening') }, processElement(v, c, out) {} })" },
      /^USER_CODE: a function of 'Process' threw Error: opening\n.*:9:\d+/,
    ],
    [
      { steps: "ids.process({ close() { throw new Error('closing') }, processElement(v, c, out) {} })" },
      /^USER_CODE: a function of 'Process' threw Error: closing\n.*:9:\d+/,
    ],
    [{ steps: 'ids.map((r) => { const f = (n) => f(n + 1) + 1; return f(r.id); })' }, /^USER_CODE: .*Maximum call stack size exceeded\n.*:9:/],
    [{ steps: at7('process.abort()') }, /^USER_CODE: .*process\.abort\(\) is not supported in workers\n.*:9:/],
  ]);
});

test('what a function leaves behind is its own too: timers, events, promises that nobody awaits', async () => {
  await blames([
    [{ steps: later7("setTimeout(() => { throw new Error('timeout') }, 1)") }, /^USER_CODE: a timer or another callback threw Error: timeout\n.*:9:/],
    [{ steps: later7("process.nextTick(() => { throw new Error('tick') })") }, /^USER_CODE: a timer or another callback threw Error: tick\n.*:9:/],
    [{ steps: later7("queueMicrotask(() => { throw new Error('micro') })") }, /^USER_CODE: a timer or another callback threw Error: micro\n.*:9:/],
    [{ steps: later7("setImmediate(() => new EventEmitter().emit('error', new Error('event')))") }, /^USER_CODE: .*threw Error: event\n.*:9:/],
    [{ steps: later7("Promise.reject(new Error('rejected'))") }, /^USER_CODE: a promise that nothing awaits threw Error: rejected\n.*:9:.*operator seven/],
    [{ steps: at7("(async () => { await 1; throw new Error('floating'); })()") }, /^USER_CODE: a promise that nothing awaits threw Error: floating\n.*:9:/],
    [{ steps: later7('setTimeout(() => process.exit(0), 1)') }, /^SLOT_DIED: a function called process\.exit\(0\).*\n.*:9:/],
    [{ steps: at7('process.exit(0)') }, /^SLOT_DIED: a function called process\.exit\(0\).*\n.*:9:.*operator seven/],
    [{ steps: at7("Array.prototype.push = () => { throw new Error('patched') }") }, /^USER_CODE: .*threw Error: patched\n.*:9:/],
  ]);
});

test('errors that a job handles by itself, and late ones that it catches, do not end it', async () => {
  const path = job({
    top: "if (!isMainThread) { process.on('unhandledRejection', () => {}); process.on('uncaughtException', () => {}); }",
    steps: later7("{ Promise.reject(new Error('mine')); setTimeout(() => { throw new Error('mine') }, 1); }"),
  });
  const r = await millrace(['run', path, '--quiet']);
  assert.equal(r.code, 0, r.stderr);
});

test('a job module that never settles, ends the process or throws behind its back', async () => {
  await blames([
    [{ top: 'await new Promise(() => {});' }, /^USER_CODE: the job module never finishes loading/],
    [{ build: 'await new Promise(() => {});' }, /^USER_CODE: the job module never finishes loading/],
    [{ top: 'process.exit(0);' }, /^USER_CODE: the job module called process\.exit\(0\)\n.*:4:9/],
    [{ build: 'process.exit(5);' }, /^USER_CODE: the job module called process\.exit\(5\)\n.*:6:11/],
    [{ top: 'setTimeout(() => process.exit(0), 1);', steps: later7('0') }, /^USER_CODE: the job module called process\.exit\(0\)\n.*:4:/],
    [{ top: "if (isMainThread) Promise.reject(new Error('floating'));", steps: later7('0') }, /^USER_CODE: the job module, .*threw Error: floating\n.*:4:/],
    [
      { top: "if (isMainThread) setTimeout(() => { throw new Error('timer') }, 1);", steps: later7('0') },
      /^USER_CODE: the job module, .*threw Error: timer\n.*:4:/,
    ],
    [{ top: 'throw { toString() { throw new Error() } };' }, /^USER_CODE: the job module threw \{\}\n/],
    [{ top: 'if (!isMainThread) process.exit(0);' }, /^SLOT_DIED: a function called process\.exit\(0\).*\n.*:4:/],
  ]);
});
