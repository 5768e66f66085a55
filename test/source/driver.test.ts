import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '#src/base/clock.js';
import type { MillraceError } from '#src/base/errors.js';
import { MetricGroup } from '#src/base/metrics.js';
import type { Batch } from '#src/batch/batch.js';
import type { WatermarkConfig } from '#src/contract/nodes.js';
import { type Connector, POLL_END, POLL_IDLE, POLL_ROWS, type ReaderContext } from '#src/contract/source.js';
import { SourceDriver } from '#src/source/driver.js';
import { watermark as emitWatermark } from '#src/chain/emit.js';
import { flatten } from '#src/types/leaf.js';
import { type LogicalType, type Schema, TIMESTAMP } from '#src/types/logical.js';
import { Engine } from '#src/wasm/engine.js';
import { hostFunctions } from '#src/wasm/host.js';

const schema: Schema = { fields: [{ name: 'ts', type: TIMESTAMP(3) }] };
const leaves = flatten(schema);
const INTERVAL: LogicalType = { root: 'INTERVAL_DAY_TIME', nullable: false };
const ts = { op: 'col', index: 0, type: TIMESTAMP(3) } as const;

const watermark = (more: Partial<WatermarkConfig> = {}): WatermarkConfig => ({
  rowtime: ts,
  watermark: { op: 'call', fn: 'sub', args: [ts, { op: 'lit', value: 5n, type: INTERVAL }], type: TIMESTAMP(3) },
  intervalMs: 0,
  perSplit: false,
  idleTimeoutMs: 0,
  timeZone: 'UTC',
  ...more,
});

type Step = { rows: (bigint | null)[]; split?: number } | 'idle' | ((ctx: ReaderContext) => void);

/** A driver over a script of polls, and everything it says. */
function open(script: readonly Step[], config?: WatermarkConfig, at: { from?: number; subtask?: number } = {}) {
  const engine = new Engine();
  const clock = new ManualClock(1_000_000);
  const said: string[] = [];
  let next = at.from ?? 0;
  const connector: Connector = {
    name: 'script',
    formats: 'none',
    createReader: (_c, _p, _s, ctx) => ({
      poll(batch: Batch): number {
        const step = script[next++];
        if (step === undefined) return POLL_END;
        if (step === 'idle') return POLL_IDLE;
        if (typeof step === 'function') {
          step(ctx);
          return POLL_IDLE;
        }
        step.rows.forEach((t, r) => {
          if (t !== null) batch.setPresent(0, r);
          engine.i64[(batch.values(0) >> 3) + r] = t ?? 0n;
        });
        batch.split = step.split ?? 0;
        batch.selectAll(step.rows.length);
        return POLL_ROWS;
      },
      snapshot: () => [new TextEncoder().encode(String(next))],
      restore: (elements) => {
        next = Number(new TextDecoder().decode(elements[0]));
      },
    }),
  };
  const node = { source: { connector: 'script', tableName: 't', options: {}, schema, metadata: [undefined], order: 'ignored' as const }, watermark: config };
  const bytes = config === undefined ? undefined : emitWatermark(config, [leaves]);
  const emitted = bytes === undefined ? {} : engine.link(new WebAssembly.Module(bytes as BufferSource), hostFunctions(engine));
  const driver = new SourceDriver(
    node,
    { connector, plan: { bounded: true, splits: [[]] } },
    {
      engine,
      clock,
      metrics: new MetricGroup(),
      subtaskIndex: at.subtask ?? 0,
      parallelism: 2,
      leaves,
      emitted,
      name: 't',
      runId: 'r',
      options: {},
      closures: [],
    },
    {
      batch(b) {
        let mark = 0;
        for (let i = 0; i < b.selCount; i++) {
          const row = engine.u32[(b.sel >> 2) + i];
          said.push(`row ${engine.i64[(b.values(0) >> 3) + row]}`);
          while (mark < b.markCount && b.markRow(mark) === row) said.push(`wm ${b.markWatermark(mark++)}`);
        }
        assert.equal(mark, b.markCount);
      },
      watermark: (w) => said.push(`wm ${w}`),
      idle: () => said.push('idle'),
      active: () => said.push('active'),
      end: () => said.push('end'),
    },
  );
  driver.open();
  return { driver, said, clock };
}

function runAll(o: ReturnType<typeof open>): string[] {
  for (let i = 0; i < 100 && o.driver.step() !== POLL_END; i++);
  return o.said;
}

test('without a watermark rows and the end', () => {
  const o = open([{ rows: [1n, 2n] }, 'idle', { rows: [] }, { rows: [3n] }]);
  assert.deepEqual(runAll(o), ['row 1', 'row 2', 'row 3', 'end']);
  assert.equal(o.driver.step(), POLL_END);
  assert.equal(o.driver.wakeupMs(), undefined);
});

test('marks follow the rows that advance the watermark by more than the interval', () => {
  assert.deepEqual(runAll(open([{ rows: [10n, 8n, 11n] }, { rows: [11n, 20n] }], watermark())), [
    'row 10',
    'wm 5',
    'row 8',
    'row 11',
    'wm 6',
    'row 11',
    'row 20',
    'wm 15',
    'end',
  ]);
});

test('by processing time the rest of an advance is said too', () => {
  const o = open([{ rows: [1000n, 1100n] }, 'idle', 'idle'], watermark({ intervalMs: 200 }));
  o.driver.step();
  assert.deepEqual(o.said, ['row 1000', 'wm 995', 'row 1100']);
  o.driver.step();
  assert.equal(o.driver.wakeupMs(), 200);
  o.clock.advanceMs(200);
  o.driver.step();
  assert.deepEqual(o.said.slice(3), ['wm 1095']);
});

test('idle after the timeout, active with the next row', () => {
  const o = open([{ rows: [10n] }, 'idle', 'idle', 'idle', { rows: [30n] }], watermark({ idleTimeoutMs: 1000 }));
  o.driver.step();
  for (let i = 0; i < 3; i++) {
    o.clock.advanceMs(700);
    o.driver.step();
  }
  assert.deepEqual(o.said.slice(2), ['idle']);
  runAll(o);
  assert.deepEqual(o.said.slice(3), ['active', 'row 30', 'wm 25', 'end']);
});

test('per split the slowest one counts, an ended one does not', () => {
  const script: Step[] = [
    (ctx) => {
      ctx.splitAdded(0);
      ctx.splitAdded(1);
    },
    { rows: [100n], split: 0 },
    { rows: [50n], split: 1 },
    { rows: [60n], split: 1 },
    (ctx) => ctx.splitFinished(1),
    { rows: [101n], split: 0 },
  ];
  assert.deepEqual(runAll(open(script, watermark({ perSplit: true }))), ['row 100', 'row 50', 'wm 45', 'row 60', 'wm 55', 'row 101', 'wm 96', 'end']);
});

test('a NULL rowtime fails after the rows before it went on', () => {
  const o = open([{ rows: [1n, 2n, null, 3n] }], watermark());
  assert.equal(o.driver.step(), POLL_ROWS);
  assert.deepEqual(
    o.said.filter((s) => s.startsWith('row')),
    ['row 1', 'row 2'],
  );
  assert.throws(
    () => o.driver.step(),
    (e: MillraceError) => e.code === 'NULL_ROWTIME' && e.place.operator === 't',
  );
});

test('restored after every step, it says the same', () => {
  const script: Step[] = [{ rows: [10n, 20n] }, { rows: [12n] }, { rows: [40n, 30n] }, { rows: [41n] }];
  const straight = runAll(open(script, watermark({ intervalMs: 3 })));
  for (let at = 0; at <= script.length; at++) {
    const first = open(script, watermark({ intervalMs: 3 }));
    for (let i = 0; i < at; i++) first.driver.step();
    const second = open(script, watermark({ intervalMs: 3 }));
    second.driver.restore(first.driver.snapshot());
    assert.deepEqual([...first.said, ...runAll(second)], straight);
  }
});
