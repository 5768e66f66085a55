import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { systemClock } from '#src/base/clock.js';
import { createBuilder } from '#src/batch/builder.js';
import { createReader } from '#src/batch/rows.js';
import { subtaskOfKeyGroup } from '#src/contract/operator.js';
import { ExchangeReader } from '#src/exchange/reader.js';
import { ExchangeWriter } from '#src/exchange/writer.js';
import { NO_BELL } from '#src/ring/doorbell.js';
import { RingReader, RingWriter, ringBytes } from '#src/ring/ring.js';
import { flatten } from '#src/types/leaf.js';
import { BIGINT, BOOLEAN, DECIMAL, INT, ROW, SMALLINT, STRING } from '#src/types/logical.js';
import { Engine } from '#src/wasm/engine.js';

const leaves = flatten({
  fields: [
    { name: 'k', type: STRING() },
    { name: 'n', type: BIGINT() },
    { name: 'b', type: BOOLEAN() },
    { name: 's', type: SMALLINT() },
    {
      name: 'r',
      type: ROW([
        { name: 'x', type: INT() },
        { name: 'y', type: STRING() },
      ]),
    },
    { name: 'd', type: DECIMAL(30, 2) },
  ],
});
const row = fc.record({
  k: fc.option(fc.string({ maxLength: 40 })),
  n: fc.option(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n)),
  b: fc.option(fc.boolean()),
  s: fc.option(fc.integer({ min: -32768, max: 32767 })),
  r: fc.option(fc.record({ x: fc.option(fc.integer()), y: fc.option(fc.string()) })),
  d: fc.option(fc.integer({ min: 0, max: 1000 }).map((i) => `${i}.25`)),
});

/** Sends one batch and reads everything back: rows and watermarks per target, in order. */
function through(rows: object[], selected: boolean[], marks: { row: number; watermark: bigint }[], targets: number, partition: 'hash' | 'rebalance') {
  const engine = new Engine();
  const builder = createBuilder(engine, leaves);
  for (const r of rows) builder.append(r);
  const batch = builder.finish();
  let n = 0;
  for (let i = 0; i < rows.length; i++) if (selected[i]) engine.u32[(batch.sel >> 2) + n++] = i;
  batch.selCount = n;
  marks.forEach((m, i) => {
    engine.u32[(batch.marks + 16 * i) >> 2] = m.row;
    engine.i64[(batch.marks + 16 * i + 8) >> 3] = m.watermark;
  });
  batch.markCount = marks.length;
  const rings = Array.from({ length: targets }, () => new SharedArrayBuffer(ringBytes(1 << 16)));
  const writer = new ExchangeWriter(
    engine,
    systemClock,
    leaves,
    rings.map((r) => new RingWriter(r, NO_BELL)),
    { partition, keys: partition === 'hash' ? [0] : [], maxParallelism: 128, bufferTimeoutMs: 0, subtaskIndex: 0 },
  );
  writer.batch(batch);
  writer.end(false);
  writer.flush(true);
  return rings.map((r) => {
    const other = new Engine();
    const reader = new ExchangeReader(other, leaves, new RingReader(r, NO_BELL));
    const events: unknown[] = [];
    for (let e = reader.next(); e !== undefined; e = reader.next()) {
      if (e.type === 'watermark') events.push(e.watermark);
      if (e.type !== 'batch') continue;
      const view = createReader(leaves);
      view.bind(e.batch);
      let mark = 0;
      for (let i = -1; i < e.batch.rows; i++) {
        if (i >= 0) events.push(view.object(i));
        while (mark < e.batch.markCount && (e.batch.markRow(mark) | 0) === i) events.push(e.batch.markWatermark(mark++));
      }
      assert.equal(mark, e.batch.markCount);
    }
    assert.ok(reader.ended);
    return events;
  });
}

test('rows and watermarks arrive whole and in order at the owner of their key', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(row, fc.boolean(), fc.boolean()), { minLength: 1, maxLength: 40 }),
      fc.integer({ min: 1, max: 4 }),
      fc.constantFrom('hash' as const, 'rebalance' as const),
      (input, targets, partition) => {
        const rows = input.map((i) => i[0]);
        const selected = input.map((i) => i[1]);
        const marks = input.flatMap((i, k) => (i[2] ? [{ row: k, watermark: BigInt(k) }] : []));
        const got = through(rows, selected, marks, targets, partition);
        const home = new Map<string, number>();
        got.forEach((events, t) => {
          for (const e of events) {
            if (typeof e === 'bigint') continue;
            const key = JSON.stringify((e as { k: string | null }).k);
            if (partition === 'hash') assert.equal(home.get(key) ?? t, t, 'equal keys have one owner');
            home.set(key, t);
          }
          // a target's events are the model's events with other targets' rows left out; without rows only the last watermark travels
          const rowsHere = events.filter((e) => typeof e !== 'bigint');
          const watermarks = events.filter((e) => typeof e === 'bigint');
          if (rowsHere.length === 0) assert.deepEqual(watermarks, marks.length === 0 ? [] : [marks.at(-1)!.watermark]);
          else
            assert.deepEqual(
              watermarks,
              marks.map((m) => m.watermark),
            );
        });
        const all = got.flat().filter((e) => typeof e !== 'bigint');
        const text = (v: unknown): string => JSON.stringify(v, (_k, x) => (typeof x === 'bigint' ? `${x}n` : x));
        assert.deepEqual(
          all.map(text).sort(),
          rows
            .filter((_, i) => selected[i])
            .map(text)
            .sort(),
        );
        if (targets === 1) {
          const model = rows.flatMap((r, i) => [...(selected[i] ? [r] : []), ...marks.filter((m) => m.row === i).map((m) => m.watermark)]);
          if (all.length > 0) assert.deepEqual(got[0].map(text), model.map(text));
        }
      },
    ),
    { numRuns: 200 },
  );
});

test('a watermark replaces one that waits in the same buffer with nothing behind it', () => {
  const engine = new Engine();
  const ring = new SharedArrayBuffer(ringBytes(1 << 16));
  const config = { partition: 'rebalance' as const, keys: [], maxParallelism: 128, bufferTimeoutMs: 1000, subtaskIndex: 0 };
  const writer = new ExchangeWriter(engine, systemClock, leaves, [new RingWriter(ring, NO_BELL)], config);
  const builder = createBuilder(engine, leaves);
  builder.append({ k: 'a' });
  writer.watermark(1n);
  writer.watermark(2n);
  writer.batch(builder.finish());
  writer.watermark(3n);
  writer.idle();
  writer.watermark(4n);
  writer.watermark(5n);
  writer.flush(true);
  writer.watermark(6n);
  writer.flush(true);
  const reader = new ExchangeReader(new Engine(), leaves, new RingReader(ring, NO_BELL));
  const got: unknown[] = [];
  for (let e = reader.next(); e !== undefined; e = reader.next()) got.push(e.type === 'watermark' ? e.watermark : e.type);
  assert.deepEqual(got, [2n, 'batch', 3n, 'idle', 5n, 6n]);
});

test('key groups go to subtasks in ranges, as in Flink', () => {
  for (const p of [1, 2, 3, 5, 128]) {
    let last = 0;
    for (let g = 0; g < 128; g++) {
      const s = subtaskOfKeyGroup(128, p, g);
      assert.ok(s >= last && s < p);
      last = s;
    }
  }
});

/** One edge with rows of one number, at a buffer timeout. */
function edge(bufferTimeoutMs: number) {
  const numbers = flatten({ fields: [{ name: 'n', type: BIGINT() }] });
  const engine = new Engine();
  let nowMs = 0;
  const clock = { ...systemClock, monotonicMs: () => nowMs };
  const sab = new SharedArrayBuffer(ringBytes(1 << 20));
  let rung = 0;
  const ring = new RingReader(sab, { ring: () => rung++ });
  const config = { partition: 'hash' as const, keys: [0], maxParallelism: 128, bufferTimeoutMs, subtaskIndex: 0 };
  const writer = new ExchangeWriter(engine, clock, numbers, [new RingWriter(sab, NO_BELL)], config);
  const reader = new ExchangeReader(new Engine(), numbers, ring);
  const view = createReader(numbers);
  const builder = createBuilder(engine, numbers);
  return {
    writer,
    reader,
    ring,
    rung: () => rung,
    pass: (ms: number) => {
      nowMs += ms;
    },
    send(n: number): void {
      builder.append({ n: BigInt(n) });
      writer.batch(builder.finish());
      builder.clear();
    },
    /** everything that the reader finds now */
    take(): number[] {
      const out: number[] = [];
      for (let e = reader.next(); e !== undefined; e = reader.next()) {
        if (e.type !== 'batch') continue;
        view.bind(e.batch);
        for (let i = 0; i < e.batch.rows; i++) out.push(Number((view.object(i) as { n: bigint }).n));
      }
      return out;
    },
  };
}

test('timeout 0: what the receiver has not taken gathers behind it, and leaves as one buffer when it has', () => {
  const e = edge(0);
  e.send(1);
  assert.equal(e.ring.empty, false, 'the first leaves at once');
  assert.equal(e.writer.flush(false), false);
  e.send(2);
  assert.equal(e.writer.flush(false), true, 'its subtask makes no more until the receiver has taken the first');
  assert.equal(e.writer.blocked, true);
  assert.equal(e.writer.nextFlushMs(), Number.POSITIVE_INFINITY, 'the bell wakes it');
  e.send(3); // more of the same step
  assert.equal(e.rung(), 0);
  assert.deepEqual(e.take(), [1]);
  assert.equal(e.rung(), 1);
  assert.equal(e.writer.flush(false), false);
  assert.deepEqual(e.take(), [2, 3]);
  e.send(4);
  e.send(5);
  e.writer.flush(true);
  assert.deepEqual(e.take(), [4, 5], 'at the end, and before a snapshot, everything leaves');
});

test('timeout 0: a buffer that is not small leaves, whatever the receiver has taken', () => {
  const e = edge(0);
  e.send(0);
  let n = 1;
  for (; e.writer.flush(false) || n === 1; n++) e.send(n);
  assert.ok(n > 20 && n < 200, `${n} frames`);
  assert.deepEqual(
    e.take(),
    Array.from({ length: n }, (_, i) => i),
  );
});

test('a timeout: a buffer leaves when its time is up and the receiver has taken the last one; its subtask goes on', () => {
  const e = edge(10);
  e.send(1);
  e.writer.flush(false);
  assert.equal(e.ring.empty, true);
  e.pass(10);
  e.writer.flush(false);
  assert.equal(e.ring.empty, false);
  e.send(2);
  e.pass(10);
  assert.equal(e.writer.flush(false), false);
  e.send(3);
  assert.deepEqual(e.take(), [1]);
  assert.equal(e.rung(), 1);
  e.writer.flush(false);
  assert.deepEqual(e.take(), [2, 3]);
});

test('hastened: what is gathered leaves before its time, once the receiver has taken the buffer before', () => {
  const e = edge(100);
  e.send(1);
  e.writer.watermark(1n);
  e.writer.hasten();
  e.send(2);
  e.writer.hasten();
  e.writer.flush(false);
  assert.equal(e.writer.nextFlushMs(), Number.POSITIVE_INFINITY, 'the bell wakes it');
  assert.deepEqual(e.take(), [1]);
  assert.equal(e.rung(), 1);
  e.writer.flush(false);
  assert.deepEqual(e.take(), [2], 'without time having passed');
  const never = edge(-1);
  never.send(1);
  never.writer.hasten();
  assert.deepEqual(never.take(), [], 'without a timeout only full buffers leave');
});

test('whatever the timeout and the order of steps, rows arrive once and in order', () => {
  const step = fc.constantFrom('send', 'send', 'flush', 'take', 'pass');
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), fc.constantFrom(0, 10, -1), (script, timeout) => {
      const e = edge(timeout);
      const got: number[] = [];
      let sent = 0;
      for (const s of script) {
        if (s === 'send') e.send(sent++);
        else if (s === 'flush') e.writer.flush(false);
        else if (s === 'take') got.push(...e.take());
        else e.pass(7);
      }
      e.writer.end(false);
      assert.equal(e.writer.flush(true), false);
      got.push(...e.take());
      assert.ok(e.reader.ended);
      assert.deepEqual(
        got,
        Array.from({ length: sent }, (_, i) => i),
      );
    }),
    { numRuns: 60 },
  );
});
