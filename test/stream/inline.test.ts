import assert from 'node:assert/strict';
import { Readable, Writable } from 'node:stream';
import { test } from 'node:test';
import { col, type MillraceError, OutputTag, schema, StreamExecutionEnvironment, TumblingEventTimeWindows, WatermarkStrategy } from '#src/index.js';

const newEnv = (): StreamExecutionEnvironment => StreamExecutionEnvironment.getExecutionEnvironment();
async function all<T>(elements: AsyncIterable<T>): Promise<T[]> {
  const out: T[] = [];
  for await (const e of elements) out.push(e);
  return out;
}
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const numbers = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

test('map, filter and flatMap, with promises and generators, keep the order of their input', async () => {
  const got = newEnv()
    .fromCollection(numbers(5000))
    .map(async (x) => {
      if (x % 1000 === 999) await sleep(5);
      return x * 2;
    })
    .filter(async (x) => x % 3 === 0)
    .flatMap(function* (x) {
      yield x;
      yield -x;
    })
    .flatMap((x, out) => {
      if (x % 4 === 0) out.collect(`${x}`);
    });
  const want = numbers(5000)
    .map((x) => x * 2)
    .filter((x) => x % 3 === 0)
    .flatMap((x) => [x, -x])
    .filter((x) => x % 4 === 0)
    .map(String);
  assert.deepEqual(await all(got.executeAndCollect()), want);
});

test('one element may give far more results than a batch holds', async () => {
  const env = newEnv();
  const got = await all(
    env
      .fromElements(30000, 10)
      .flatMap<number>((n, out) => {
        for (let i = 0; i < n; i++) out.collect(i);
      })
      .map((x) => x + 1)
      .executeAndCollect(),
  );
  assert.equal(got.length, 30010);
  assert.equal(got[29999], 30000);
  assert.equal(got[30009], 10);
});

test('rows with a schema: handles in, rows out', async () => {
  const S = schema({ id: 'INT', name: 'STRING', price: 'DECIMAL(10, 2)' });
  const rows = newEnv()
    .fromCollection(
      numbers(3).map((id) => ({ id, name: `n${id}`, price: id / 4 })),
      S,
    )
    .map((r) => ({ id: r.id, name: r.name?.toUpperCase(), price: r.price }))
    .returns(S);
  assert.deepEqual(await all(rows.executeAndCollect()), [
    { id: 0, name: 'N0', price: '0.00' },
    { id: 1, name: 'N1', price: '0.25' },
    { id: 2, name: 'N2', price: '0.50' },
  ]);
});

test('declarative filters and projections over nested rows', async () => {
  const S = schema({ p: { id: 'INT', name: 'STRING' }, t: 'STRING' });
  const data = [
    { p: { id: 1, name: 'x' }, t: null },
    { p: null, t: 'q' },
    { p: { id: 5, name: null }, t: 'r' },
  ];
  const got = (f: (s: ReturnType<typeof start>) => { executeAndCollect(): AsyncIterable<unknown> }) => all(f(start()).executeAndCollect());
  const start = () => newEnv().fromCollection(data, S);
  assert.deepEqual(await got((s) => s.filter(col('t').isNotNull().or(col('p.id').gt(0)))), data);
  assert.deepEqual(await got((s) => s.filter(col('p.id').in(5, 7).and(col('t').ne('z')))), [data[2]]);
  assert.deepEqual(await got((s) => s.select('t', 'p', col('p.id').plus(1).as('next'), col('p.name').upper().as('u'))), [
    { t: null, p: data[0].p, next: 2, u: 'X' },
    { t: 'q', p: null, next: null, u: null },
    { t: 'r', p: data[2].p, next: 6, u: null },
  ]);
  assert.deepEqual(await got((s) => s.select(col('p.id').castTo('STRING').as('s'), col('t').coalesce('none').as('t'))), [
    { s: '1', t: 'none' },
    { s: null, t: 'q' },
    { s: '5', t: 'r' },
  ]);
});

test('rows can be spread, taken apart and nested', async () => {
  const S = schema({ id: 'INT', name: 'STRING' });
  const rows = newEnv().fromCollection([{ id: 1, name: 'a' }], S);
  const spread = rows.map((r) => ({ ...r, more: true }));
  assert.deepEqual(await all(spread.executeAndCollect()), [{ id: 1, name: 'a', more: true }]);
  const rest = newEnv()
    .fromCollection([{ id: 1, name: 'a' }], S)
    .map(({ id, ...others }) => [id, others]);
  assert.deepEqual(await all(rest.executeAndCollect()), [[1, { name: 'a' }]]);
  const nested = newEnv()
    .fromCollection([{ id: 1, name: 'a' }], S)
    .map((r) => ({ row: r, list: 1 }))
    .rebalance()
    .keyBy((v) => v.row.id)
    .process<unknown>({ processElement: (v) => [v.row, v] });
  assert.deepEqual(await all(nested.executeAndCollect()), [
    { id: 1, name: 'a' },
    { row: { id: 1, name: 'a' }, list: 1 },
  ]);
});

test('keyed state, timers and side outputs', async () => {
  const alerts = new OutputTag<string>('alerts');
  const env = newEnv();
  const main = env
    .fromCollection(numbers(300).map((i) => ({ user: `u${i % 3}`, at: i * 10, n: i })))
    .assignTimestampsAndWatermarks(WatermarkStrategy.forMonotonousTimestamps().withTimestampAssigner((e: { at: number }) => e.at))
    .keyBy((e) => ({ user: e.user }))
    .process<{ user: string; seconds: number; count: number }>({
      processElement(e, ctx) {
        const second = Math.floor(e.at / 1000);
        const counts = ctx.mapState<number, number>('counts');
        counts.put(second, (counts.get(second) ?? 0) + 1);
        ctx.listState<number>('all').add(e.n);
        ctx.timers.registerEventTimeTimer(second * 1000 + 999);
        if (e.n === 100) ctx.output(alerts, `${ctx.key.user} ${ctx.timestamp}`);
      },
      onTimer(at, ctx, out) {
        const second = (at - 999) / 1000;
        const counts = ctx.mapState<number, number>('counts');
        assert.ok(ctx.listState('all').get().length >= counts.get(second)!);
        out.collect({ user: ctx.key.user, seconds: second + 1, count: counts.get(second)! });
        counts.remove(second);
      },
    });
  const got: unknown[] = [];
  const sink = new Writable({
    objectMode: true,
    write(v, _, done) {
      got.push(v);
      done();
    },
  });
  main.getSideOutput(alerts).sinkToWritable(sink);
  const counts = await all(main.executeAndCollect());
  assert.deepEqual(got, ['u1 1000']);
  const want = [0, 1, 2].flatMap((s) =>
    ['u0', 'u1', 'u2'].map((user) => ({ user, seconds: s + 1, count: numbers(300).filter((i) => `u${i % 3}` === user && Math.floor(i / 100) === s).length })),
  );
  const order = (a: { user: string; seconds: number }, b: { user: string; seconds: number }): number => a.seconds - b.seconds || (a.user < b.user ? -1 : 1);
  assert.deepEqual(counts.sort(order), want.sort(order));
});

test('reduce gives the value so far, union all of its inputs, declarative windows take timestamps of functions', async () => {
  const env = newEnv();
  const a = env.fromElements({ k: 'a', n: 1 }, { k: 'b', n: 10 });
  const b = env.fromElements({ k: 'a', n: 2 }, { k: 'b', n: 20 });
  const sums = a
    .union(b)
    .keyBy('k')
    .reduce((x, y) => ({ k: x.k, n: x.n + y.n }));
  const got = (await all(sums.executeAndCollect())).map((e) => `${e.k}${e.n}`).sort();
  assert.equal(got.filter((s) => s === 'a3' || s === 'b30').length, 2);
  assert.equal(got.length, 4);

  const S = schema({ k: 'STRING', n: 'INT' });
  const windows = newEnv()
    .fromCollection(
      numbers(20).map((n) => ({ k: `k${n % 2}`, n })),
      S,
    )
    .assignTimestampsAndWatermarks(WatermarkStrategy.forBoundedOutOfOrderness('1 s').withTimestampAssigner((r: { n: number | null }) => r.n! * 1000))
    .keyBy('k')
    .window(TumblingEventTimeWindows.of('10 s'))
    .sum('n')
    .select('k', 'sum_n', 'window_start');
  const rows = (await all(windows.executeAndCollect())).map((r) => `${r.k} ${r.sum_n} ${r.window_start}`).sort();
  assert.deepEqual(rows, ['k0 20 0', 'k0 70 10000', 'k1 25 0', 'k1 75 10000']);
});

test('promises behind a window, in the middle of watermarks, hold back what follows', async () => {
  const env = newEnv().set('pipeline.auto-watermark-interval', '0 ms');
  const got = env
    .fromCollection(numbers(400).map((n) => ({ k: n % 5, at: n * 100 })))
    .assignTimestampsAndWatermarks(WatermarkStrategy.forMonotonousTimestamps().withTimestampAssigner((e: { at: number }) => e.at))
    .keyBy((e) => e.k)
    .window(TumblingEventTimeWindows.of('2 s'))
    .process<{ k: number; start: number; n: number }>((k, ctx, elements, out) => out.collect({ k, start: ctx.window.start, n: elements.length }))
    .map(async (w) => {
      if (w.k === 3) await sleep(1);
      return w;
    })
    .process<string>(async (w, ctx) => {
      if (w.k === 2) await sleep(1);
      return [`${w.start} ${w.n} ${ctx.timestamp! - w.start}`];
    });
  const lines = await all(got.executeAndCollect());
  assert.deepEqual(
    lines,
    numbers(100).map((i) => `${Math.floor(i / 5) * 2000} 4 1999`),
  );
});

test('a function that throws, or whose promise rejects, ends the job with its place', async () => {
  const failing = [
    (x: number): number => {
      if (x === 3) throw new TypeError('three');
      return x;
    },
    async (x: number): Promise<number> => {
      await sleep(1);
      if (x === 3) throw new TypeError('three');
      return x;
    },
  ];
  for (const fn of failing) {
    const env = newEnv();
    env
      .fromCollection(numbers(10))
      .map(fn)
      .name('fragile')
      .sinkToWritable(new Writable({ objectMode: true, write: (_v, _e, done) => done() }));
    const job = await env.execute('boom');
    await assert.rejects(job.done, (e: MillraceError) => {
      assert.equal(e.code, 'USER_CODE');
      assert.match(e.message, /fragile.*TypeError: three/s);
      assert.ok(e.place.file?.endsWith('inline.test.js'));
      assert.ok(e.place.line! > 0);
      return true;
    });
  }
});

test('an async iterable is read as the job keeps up, closed when the job is cancelled, and its error is the job’s', async () => {
  let closed = 0;
  let made = 0;
  async function* endless(): AsyncGenerator<number> {
    try {
      for (;;) {
        yield made++;
        if (made % 100 === 0) await sleep(1);
      }
    } finally {
      closed++;
    }
  }
  const env = newEnv();
  const got: number[] = [];
  for await (const x of env
    .fromAsyncIterable(endless())
    .map((v) => v + 1)
    .executeAndCollect()) {
    got.push(x);
    if (got.length === 500) break;
  }
  assert.deepEqual(
    got,
    numbers(500).map((x) => x + 1),
  );
  await sleep(20);
  assert.equal(closed, 1);
  assert.ok(made < 30000, `${made} elements were pulled`);

  const abort = new AbortController();
  const other = newEnv();
  other.fromAsyncIterable(() => endless()).sinkToWritable(new Writable({ objectMode: true, write: (_v, _e, done) => setImmediate(done) }));
  const job = await other.execute('aborted', { signal: abort.signal });
  await sleep(30);
  abort.abort();
  await job.done.catch((e: MillraceError) => assert.equal(e.code, 'CANCELLED'));
  await sleep(20);
  assert.equal(closed, 2);

  async function* broken(): AsyncGenerator<number> {
    yield 1;
    throw new RangeError('socket gone');
  }
  await assert.rejects(all(newEnv().fromAsyncIterable(broken()).executeAndCollect()), /USER_CODE|RangeError: socket gone/);
});

test('node:stream in and out: lines of text, backpressure', async () => {
  const text = numbers(3000).map((i) => `line ${i} ü`);
  const chunks = Buffer.from(`${text.join('\n')}\n`);
  const input = Readable.from([chunks.subarray(0, 1000), chunks.subarray(1000, 1001), chunks.subarray(1001)], { objectMode: false });
  let out = '';
  let most = 0;
  const output = new Writable({
    highWaterMark: 64,
    write(chunk, _, done) {
      most = Math.max(most, this.writableLength);
      out += chunk;
      setImmediate(done);
    },
  });
  const env = newEnv();
  env
    .fromReadable(input)
    .map((line) => `${line}!\n`)
    .sinkToWritable(output);
  await (await env.execute()).done;
  assert.equal(out, text.map((t) => `${t}!\n`).join(''));
  assert.ok(most < 200, `${most} bytes stood in the stream`);
  assert.ok(output.writableFinished);
});

test('functions of this thread run at parallelism 1 only, and a job needs a sink', async () => {
  const env = newEnv().setParallelism(2);
  env
    .fromElements(1)
    .map((x) => x)
    .print();
  await assert.rejects(env.execute(), (e: MillraceError) => e.code === 'GRAPH_INVALID' && /default export/.test(e.remedy));
  const empty = newEnv();
  empty.fromElements(1);
  await assert.rejects(empty.execute(), (e: MillraceError) => e.code === 'GRAPH_INVALID' && /no sink/.test(e.message));
});
