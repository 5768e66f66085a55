// Window aggregation alone, M rows/s by window, keys and calls: batches stand ready in memory. `node .build/bench/micro/window.js`
import { performance } from 'node:perf_hooks';
import { BATCH_ROWS_MAX } from '#abi';
import { ManualClock } from '#src/base/clock.js';
import { MetricGroup } from '#src/base/metrics.js';
import { Prng } from '#src/base/prng.js';
import { allocBatch } from '#src/batch/batch.js';
import type { AggregateCall, WindowAggregateConfig, WindowSpec } from '#src/contract/nodes.js';
import { BIGINT, STRING, TIMESTAMP } from '#src/types/logical.js';
import { Engine } from '#src/wasm/engine.js';
import { operator } from '#src/window/aggregate.js';

const COUNT: AggregateCall = { fn: 'countStar', distinct: false, type: BIGINT(false) };
const SUM: AggregateCall = { fn: 'sum', arg: 1, distinct: false, type: BIGINT() };
const MAX: AggregateCall = { fn: 'max', arg: 1, distinct: false, type: BIGINT() };
const DISTINCT: AggregateCall = { fn: 'count', arg: 1, distinct: true, type: BIGINT(false) };

function run(name: string, window: WindowSpec, keys: number, calls: readonly AggregateCall[], rows: number, rowsPerSecond: number): void {
  const engine = new Engine();
  const input = [
    { path: ['k'], type: STRING(false) },
    { path: ['v'], type: BIGINT(false) },
    { path: ['ts'], type: TIMESTAMP(3, false) },
  ];
  const output = [
    { path: ['k'], type: STRING(false) },
    ...calls.map((c, i) => ({ path: [`c${i}`], type: c.type })),
    { path: ['s'], type: TIMESTAMP(3, false) },
  ];
  const config: WindowAggregateConfig = { window, time: 'rowtime', timeColumn: 2, timeZone: 'UTC', keys: [0], calls, windowOutputs: ['start'] };
  let out = 0;
  const op = operator.create(config, {
    engine,
    out: {
      emit: (b) => {
        out += b.selCount;
      },
      emitSide: () => undefined,
    },
    inputs: [input],
    output,
    emitted: {},
    clock: new ManualClock(),
    metrics: new MetricGroup(),
    name: 'w',
    subtaskIndex: 0,
    parallelism: 1,
    maxParallelism: 128,
    options: {},
    closures: [],
    registerProcessingTimer: () => undefined,
    hold: () => undefined,
  });
  const texts = engine.alloc(keys * 36 + 64);
  for (let i = 0; i < keys; i++) engine.u8.set(new TextEncoder().encode(`${String(i).padStart(8, '0')}-aaaa-bbbb-cccc-dddddddddddd`), texts + i * 36);
  const batches = Array.from({ length: 64 }, () => allocBatch(engine, input));
  const prng = new Prng(1);
  let ms = 0;
  let done = 0;
  let time = 0;
  const drain = (first: boolean | void): void => {
    let more = first;
    while (more === true) more = op.resume!();
  };
  while (done < rows) {
    for (const b of batches) {
      const u32 = engine.u32;
      const i64 = engine.i64;
      for (let i = 0; i < BATCH_ROWS_MAX; i++) {
        u32[(b.values(0) >>> 2) + 2 * i] = texts + prng.below(keys) * 36;
        u32[(b.values(0) >>> 2) + 2 * i + 1] = 36;
        i64[(b.values(1) >>> 3) + i] = BigInt(prng.below(1000));
        i64[(b.values(2) >>> 3) + i] = BigInt(Math.floor(time) - prng.below(2000));
        time += 1000 / rowsPerSecond;
      }
      for (let c = 0; c < 3; c++) b.setValidity(c, 0);
      b.selectAll(BATCH_ROWS_MAX);
    }
    const t = performance.now();
    batches.forEach((b, i) => {
      drain(op.processBatch(b, 0));
      const wm = BigInt(Math.floor(time - ((batches.length - 1 - i) * BATCH_ROWS_MAX * 1000) / rowsPerSecond) - 2001);
      if (op.watermarkMatters?.(wm) !== false) drain(op.processWatermark!(wm));
    });
    ms += performance.now() - t;
    done += batches.length * BATCH_ROWS_MAX;
  }
  const t = performance.now();
  drain(op.processWatermark!(2n ** 63n - 1n));
  ms += performance.now() - t;
  console.log(
    `${name.padEnd(46)} ${(done / ms / 1e3).toFixed(1).padStart(6)} M rows/s   ${out} rows out   ${(engine.memory.buffer.byteLength / 2 ** 20).toFixed(0)} MiB`,
  );
}

const tumble = { type: 'tumble', sizeMs: 10_000, offsetMs: 0 } as const;
run('tumble 10 s, 1,000 keys, count', tumble, 1000, [COUNT], 2e7, 100_000);
run('tumble 10 s, 1,000 keys, count sum max', tumble, 1000, [COUNT, SUM, MAX], 1e7, 100_000);
run('tumble 10 s, 1 M keys, count sum max', tumble, 1_000_000, [COUNT, SUM, MAX], 4e6, 100_000);
run('hop 10 s / 1 s, 1,000 keys, count', { type: 'hop', sizeMs: 10_000, slideMs: 1000, offsetMs: 0 }, 1000, [COUNT], 1e7, 100_000);
run('hop 1 h / 1 s, 1,000 keys, count', { type: 'hop', sizeMs: 3_600_000, slideMs: 1000, offsetMs: 0 }, 1000, [COUNT], 5e5, 5_000);
run('session 5 s, 10,000 keys, count', { type: 'session', gapMs: 5000 }, 10_000, [COUNT], 5e6, 5_000);
run('tumble 10 s, 1,000 keys, count distinct', tumble, 1000, [DISTINCT], 5e6, 100_000);
