import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '#src/base/clock.js';
import type { MillraceError } from '#src/base/errors.js';
import { MetricGroup } from '#src/base/metrics.js';
import { allocBatch, type Batch } from '#src/batch/batch.js';
import { type DatagenPlan, planDatagen } from '#src/connect/datagen/options.js';
import { DatagenReader } from '#src/connect/datagen/reader.js';
import { RowText } from '#src/connect/print/text.js';
import { POLL_END, POLL_IDLE } from '#src/contract/source.js';
import { flatten } from '#src/types/leaf.js';
import {
  BIGINT,
  BOOLEAN,
  CHAR,
  DATE,
  DECIMAL,
  DOUBLE,
  FLOAT,
  INT,
  ROW,
  type Schema,
  SMALLINT,
  STRING,
  TIME,
  TIMESTAMP,
  TIMESTAMP_LTZ,
  TINYINT,
  VARCHAR,
} from '#src/types/logical.js';
import { Engine } from '#src/wasm/engine.js';

const schemaOf = (fields: Record<string, Schema['fields'][number]['type']>): Schema => ({
  fields: Object.entries(fields).map(([name, type]) => ({ name, type })),
});

interface Sub {
  reader: DatagenReader;
  batch: Batch;
  ended: boolean;
}

function open(schema: Schema, plan: DatagenPlan, clock: ManualClock, parallelism: number, restore?: Uint8Array[][]): Sub[] {
  return Array.from({ length: parallelism }, (_, subtaskIndex) => {
    const engine = new Engine();
    const leaves = flatten(schema);
    const reader = new DatagenReader(
      plan,
      {
        engine,
        clock,
        metrics: new MetricGroup(),
        subtaskIndex,
        parallelism,
        leaves,
        closures: [],
        splitAdded: () => undefined,
        splitFinished: () => undefined,
      },
      1,
    );
    if (restore !== undefined) reader.restore(restore[subtaskIndex]);
    return { reader, batch: allocBatch(engine, leaves), ended: false };
  });
}

function poll(s: Sub, out: string[]): number {
  s.batch.clear();
  const p = s.reader.poll(s.batch);
  if (p === POLL_END) s.ended = true;
  else if (p !== POLL_IDLE) {
    const text = new RowText(s.batch.leaves);
    for (let r = 0; r < s.batch.rows; r++) out.push(text.row(s.batch, r));
  }
  return p;
}

function run(schema: Schema, options: Record<string, string>, parallelism = 1): string[][] {
  const clock = new ManualClock(1_700_000_000_000);
  const subs = open(schema, planDatagen(schema, options, {}), clock, parallelism);
  const out: string[][] = subs.map(() => []);
  for (let i = 0; subs.some((s) => !s.ended); i++) {
    assert.ok(i < 100_000, 'it ends');
    for (const [k, s] of subs.entries()) if (!s.ended) poll(s, out[k]);
    clock.advanceMs(10);
  }
  return out;
}

test('a sequence is shared by the subtasks as Flink shares it, and ends the table', () => {
  const schema = schemaOf({ a: BIGINT(), s: STRING() });
  const options = {
    'fields.a.kind': 'sequence',
    'fields.a.start': '1',
    'fields.a.end': '7',
    'fields.s.kind': 'sequence',
    'fields.s.start': '-3',
    'fields.s.end': '100',
  };
  assert.deepEqual(run(schema, options, 2), [
    ['+I[1, -3]', '+I[3, -1]', '+I[5, 1]', '+I[7, 3]'],
    ['+I[2, -2]', '+I[4, 0]', '+I[6, 2]'],
  ]);
  // a column nobody reads still ends it
  const plan = planDatagen(schemaOf({ s: STRING() }), options, {}, true);
  assert.equal(plan.rows, 7);
});

test('number-of-rows counts all subtasks', () => {
  const out = run(schemaOf({ a: INT() }), { 'number-of-rows': '5003' }, 3);
  assert.deepEqual(
    out.map((o) => o.length),
    [1668, 1668, 1667],
  );
});

test('values stay in their ranges and take all of them', () => {
  const schema = schemaOf({
    i: TINYINT(),
    s: SMALLINT(),
    b: BIGINT(),
    w: BIGINT(),
    d: DECIMAL(6, 2),
    x: DOUBLE(),
    f: FLOAT(),
    o: BOOLEAN(),
    v: VARCHAR(7),
    c: CHAR(4),
  });
  const options = {
    'number-of-rows': '3000',
    'fields.i.min': '-1',
    'fields.i.max': '2',
    'fields.b.min': '9007199254740993',
    'fields.b.max': '9007199254740994',
    'fields.x.min': '-2',
    'fields.x.max': '3',
    'fields.f.min': '0',
    'fields.f.max': '1',
    'fields.v.var-len': 'true',
  };
  const rows = run(schema, options)[0].map((r) => r.slice(3, -1).split(', '));
  assert.equal(rows.length, 3000);
  assert.deepEqual([...new Set(rows.map((r) => r[0]))].sort(), ['-1', '0', '1', '2']);
  assert.deepEqual([...new Set(rows.map((r) => r[2]))].sort(), ['9007199254740993', '9007199254740994']);
  assert.ok(new Set(rows.map((r) => r[1])).size > 2500 && rows.some((r) => Number(r[1]) < 0) && rows.some((r) => Number(r[1]) > 0));
  assert.ok(new Set(rows.map((r) => r[3])).size === 3000 && rows.some((r) => r[3].startsWith('-')));
  assert.ok(rows.every((r) => /^\d{1,4}\.\d\d$/.test(r[4])));
  assert.ok(rows.every((r) => Number(r[5]) >= -2 && Number(r[5]) < 3 && Number(r[6]) >= 0 && Number(r[6]) < 1));
  assert.deepEqual([...new Set(rows.map((r) => r[7]))].sort(), ['false', 'true']);
  assert.ok(rows.every((r) => /^[0-9a-f]{1,7}$/.test(r[8]) && /^[0-9a-f]{4}$/.test(r[9])));
  assert.equal(new Set(rows.map((r) => r[8].length)).size, 7);
});

test('rows, nulls and times', () => {
  const schema = schemaOf({
    r: ROW([
      { name: 'p', type: INT() },
      { name: 'q', type: STRING() },
    ]),
    t: TIMESTAMP(3),
    z: TIMESTAMP_LTZ(6),
    d: DATE(),
    m: TIME(),
  });
  const out = run(schema, {
    'number-of-rows': '2000',
    'fields.r.null-rate': '0.5',
    'fields.r.p.min': '1',
    'fields.r.p.max': '2',
    'fields.r.q.length': '3',
    'fields.t.max-past': '10 s',
  })[0];
  const nulls = out.filter((r) => r.startsWith('+I[null, ')).length;
  assert.ok(nulls > 850 && nulls < 1150, `${nulls} of 2000`);
  for (const r of out)
    assert.match(r, /^\+I\[(null|\+I\[[12], [0-9a-f]{3}\]), 2023-11-14T22:1[34]:\d\d(\.\d+)?, 2023-11-14T22:1[34]:\d\d(\.\d+)?Z, 2023-11-1[45], .*\]$/);
});

test('the pace follows the clock and does not drift', () => {
  const schema = schemaOf({ a: INT() });
  const clock = new ManualClock();
  const [s] = open(schema, planDatagen(schema, { 'rows-per-second': '300' }, {}), clock, 1);
  const out: string[] = [];
  let slept = 0;
  while (slept < 10_000) {
    while (poll(s, out) !== POLL_IDLE);
    const ms = s.reader.wakeupMs();
    clock.advanceMs(ms);
    slept += ms;
  }
  while (poll(s, out) !== POLL_IDLE);
  assert.equal(out.length, Math.floor(slept * 0.3) + 1);
});

test('restored in the middle at another parallelism, every row comes once', () => {
  const schema = schemaOf({ a: BIGINT() });
  const plan = planDatagen(schema, { 'fields.a.kind': 'sequence', 'fields.a.start': '0', 'fields.a.end': '9999', 'rows-per-second': '1000000' }, {});
  const out: string[] = [];
  let elements: Uint8Array[] = [];
  for (const [parallelism, polls] of [
    [2, 1],
    [3, 2],
    [1, 2],
    [4, 1000],
  ] as const) {
    const clock = new ManualClock();
    const restore = elements.length === 0 ? undefined : Array.from({ length: parallelism }, (_, s) => elements.filter((_, e) => e % parallelism === s));
    const subs = open(schema, plan, clock, parallelism, restore);
    for (let i = 0; i < polls; i++) {
      for (const s of subs) if (!s.ended) poll(s, out);
      clock.advanceMs(1);
    }
    elements = subs.flatMap((s) => s.reader.snapshot());
  }
  assert.deepEqual(out.sort(), Array.from({ length: 10_000 }, (_, i) => `+I[${i}]`).sort());
});

test('random values go on after a restore as they would have without it', () => {
  const schema = schemaOf({ a: INT(), b: STRING(), x: DOUBLE() });
  const plan = planDatagen(schema, { 'number-of-rows': '9000', 'rows-per-second': '1000000', 'fields.a.null-rate': '0.3', 'fields.b.var-len': 'true' }, {});
  const rows = (restoreAt: number, stepMs = 1): string[] => {
    const clock = new ManualClock();
    let [s] = open(schema, plan, clock, 1);
    const out: string[] = [];
    for (let i = 0; !s.ended; i++) {
      if (i === restoreAt) [s] = open(schema, plan, clock, 1, [s.reader.snapshot()]);
      poll(s, out);
      clock.advanceMs(stepMs);
    }
    return out;
  };
  const straight = rows(-1);
  assert.equal(new Set(straight).size, 9000);
  for (const at of [1, 3, 7]) assert.deepEqual(rows(at), straight);
  assert.deepEqual(rows(-1, 0.3), straight, 'however rows fall into batches');
});

test('options are checked', () => {
  const check = (type: Schema['fields'][number]['type'], options: Record<string, string>): string => {
    try {
      planDatagen(schemaOf({ a: type }), options, {});
    } catch (e) {
      return (e as MillraceError).code;
    }
    return 'accepted';
  };
  assert.equal(check(INT(), { 'fields.zz.min': '5' }), 'UNKNOWN_OPTION');
  assert.equal(check(INT(), { 'fields.a.mix': '5' }), 'UNKNOWN_OPTION');
  assert.equal(check(CHAR(5), { 'fields.a.length': '3' }), 'INVALID_OPTION');
  assert.equal(check(VARCHAR(5), { 'fields.a.length': '7' }), 'INVALID_OPTION');
  assert.equal(check(TINYINT(), { 'fields.a.max': '1000' }), 'INVALID_OPTION');
  assert.equal(check(INT(), { 'fields.a.kind': 'sequence' }), 'MISSING_OPTION');
  assert.equal(check(TIMESTAMP(3), { 'fields.a.kind': 'sequence', 'fields.a.start': '1', 'fields.a.end': '2' }), 'NOT_SUPPORTED');
  assert.equal(check(TIMESTAMP(3), { 'fields.a.max-past': 'soon' }), 'INVALID_OPTION');
  assert.equal(check(INT(), { 'rows-per-second': '0' }), 'INVALID_OPTION');
  assert.equal(check(INT(), { 'fields.a.min': '3', 'fields.a.max': '2' }), 'INVALID_OPTION');
});
