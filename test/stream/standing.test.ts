import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { executeModule, type JobHandle, StreamExecutionEnvironment } from '#src/index.js';

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const job = fileURLToPath(new URL('./jobs/standing.js', import.meta.url));

for (const [how, operator, doing] of [
  ['loop', 'stuck', 'runs'],
  ['wait', 'stuck', 'runs'],
  ['promise', 'stuck', 'waits'],
  ['process', 'stuck', 'waits'],
  ['callback', "callbacks of the job's functions", 'runs'],
] as const) {
  test(`a job that stands says which operator ${doing} since when: ${how}`, async () => {
    const before = Date.now();
    const handle = await executeModule(job, { settings: { 'parallelism.default': '2', 'pipeline.name': how }, print: () => {} });
    try {
      let { standing } = handle.status();
      while (standing.length < 2) {
        assert.ok(Date.now() < before + 20_000, 'both slots are named');
        await sleep(50);
        standing = handle.status().standing;
      }
      assert.deepEqual(
        standing.map((s) => [s.operator, s.doing]),
        [
          [operator, doing],
          [operator, doing],
        ],
      );
      assert.deepEqual(standing.map((s) => s.slot).sort(), [0, 1]);
      for (const s of standing) assert.ok(s.sinceMs >= before && s.sinceMs <= Date.now() - 1000, `${s.sinceMs - before} ms`);
    } finally {
      await handle.kill();
    }
    await assert.rejects(handle.done);
  });
}

test('a job on this thread says what it waits for; one that works has nothing that stands', async () => {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  env
    .fromElements(1, 2, 3)
    .map(() => new Promise<number>(() => {}))
    .name('never')
    .print();
  const stuck = await env.execute('stuck', { print: () => {} });
  const deadline = Date.now() + 20_000;
  while (stuck.status().standing.length === 0 && Date.now() < deadline) await sleep(50);
  const [first] = stuck.status().standing;
  await stuck.cancel();
  assert.deepEqual([first.operator, first.doing], ['never', 'waits']);
  const busy = StreamExecutionEnvironment.getExecutionEnvironment();
  busy
    .fromAsyncIterable(async function* () {
      for (let i = 0; ; i++) {
        await sleep(i % 3);
        yield i;
      }
    })
    .map(async (v: number) => {
      await sleep(1);
      return v;
    })
    .print();
  const works = await busy.execute('works', { print: () => {} });
  for (let k = 0; k < 15; k++) {
    await sleep(150);
    assert.deepEqual(works.status().standing, []);
  }
  await works.cancel();
});

test('a stream that never takes what it is given is named, and holds up a cancelled job for seconds only; one that throws ends it', async () => {
  const into = async (write: () => void): Promise<JobHandle> => {
    const env = StreamExecutionEnvironment.getExecutionEnvironment();
    env.fromCollection(Array.from({ length: 1000 }, (_, i) => i)).sinkToWritable(new Writable({ objectMode: true, highWaterMark: 4, write }));
    return env.execute('into a stream');
  };
  const stuck = await into(() => {});
  const deadline = Date.now() + 20_000;
  while (stuck.status().standing.length === 0 && Date.now() < deadline) await sleep(50);
  assert.equal(stuck.status().standing[0].doing, 'waits');
  await stuck.cancel();
  await assert.rejects(stuck.done, { code: 'CANCELLED' });
  const threw = await into(() => {
    throw new Proxy({}, { get: () => assert.fail() });
  });
  await assert.rejects(threw.done, { code: 'USER_CODE' });
});
