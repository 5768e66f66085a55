import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '#src/base/clock.js';
import { MetricGroup } from '#src/base/metrics.js';
import { allocBatch, type Batch } from '#src/batch/batch.js';
import { connector } from '#src/connect/print/index.js';
import { createIoSink } from '#src/connect/print/io.js';
import { dateText, decimalText, doubleText, floatText, RowText, timestampText } from '#src/connect/print/text.js';
import type { FrameWriter } from '#src/contract/io.js';
import type { SinkConfig } from '#src/contract/sink.js';
import { ValuesDriver } from '#src/source/values.js';
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
  type LogicalType,
  ROW,
  type Schema,
  STRING,
  TIME,
  TIMESTAMP,
  TIMESTAMP_LTZ,
} from '#src/types/logical.js';
import { Engine } from '#src/wasm/engine.js';

/** Rows of literals as batches; the events' batch is valid inside the call only. */
function values(engine: Engine, schema: Schema, rows: readonly (readonly (null | boolean | number | bigint | string)[])[], each: (batch: Batch) => void): void {
  const nothing = () => undefined;
  const driver = new ValuesDriver({ rows }, engine, flatten(schema), { batch: each, watermark: nothing, idle: nothing, active: nothing, end: nothing });
  while (driver.step() !== 2);
  driver.close();
}

const schemaOf = (...types: LogicalType[]): Schema => ({ fields: types.map((type, i) => ({ name: `f${i}`, type })) });

test('rows look as the print connector of Flink 2.3 prints them', () => {
  const schema = schemaOf(
    INT(),
    STRING(),
    DOUBLE(),
    FLOAT(),
    DECIMAL(10, 8),
    DECIMAL(38, 18),
    TIMESTAMP(3),
    TIMESTAMP_LTZ(3),
    DATE(),
    TIME(),
    BOOLEAN(),
    TIMESTAMP(9),
    BIGINT(),
    CHAR(5),
  );
  const out: string[] = [];
  const ms2020 = 1577836800000n;
  values(
    new Engine(),
    schema,
    [
      [1, 'a,b]', 1, 1.5, 1n, 10n ** 18n, ms2020, ms2020, 18263, 36000000, true, ms2020 * 1000000n + 123456789n, 9007199254740993n, 'ab   '],
      [null, null, null, null, null, null, null, null, null, null, null, null, null, null],
      [-5, '', 1e10, 1e-5, 1250000000n, 0n, ms2020 + 1500n, -315573903211n, -719161, 36001000, false, ms2020 * 1000000n + 100000000n, -1n, 'abcde'],
    ],
    (batch) => {
      const text = new RowText(batch.leaves);
      for (let r = 0; r < batch.rows; r++) out.push(text.row(batch, r));
    },
  );
  // recorded from Flink
  assert.deepEqual(out, [
    '+I[1, a,b], 1.0, 1.5, 1E-8, 1.000000000000000000, 2020-01-01T00:00, 2020-01-01T00:00:00Z, 2020-01-02, 10:00, true, 2020-01-01T00:00:00.123456789, 9007199254740993, ab   ]',
    '+I[null, null, null, null, null, null, null, null, null, null, null, null, null, null]',
    '+I[-5, , 1.0E10, 1.0E-5, 12.50000000, 0E-18, 2020-01-01T00:00:01.500, 1960-01-01T12:34:56.789Z, 0001-01-02, 10:00:01, false, 2020-01-01T00:00:00.100, -1, abcde]',
  ]);
});

test('numbers and times as Java writes them', () => {
  // all recorded from Flink
  assert.deepEqual([1e7, 9999999, 2 / 3, 0.001, 9.99e-4, 5e-324, 2e-323, 0.05, -0, 0, Number.NaN, -Infinity].map(doubleText), [
    '1.0E7',
    '9999999.0',
    '0.6666666666666666',
    '0.001',
    '9.99E-4',
    '4.9E-324',
    '2.0E-323',
    '0.05',
    '-0.0',
    '0.0',
    'NaN',
    '-Infinity',
  ]);
  assert.deepEqual([1e7, 0.1, 3.402823e38, 0.001, 2e23, 8.41e21, 1e-5, 1e-45, 354669.625, 354669.875].map(Math.fround).map(floatText), [
    '1.0E7',
    '0.1',
    '3.402823E38',
    '0.001',
    '2.0E23',
    '8.41E21',
    '1.0E-5',
    '1.4E-45',
    '354669.62',
    '354669.88',
  ]);
  assert.deepEqual(
    [decimalText(10000n, 10), decimalText(1000n, 10), decimalText(1n, 10), decimalText(-5n, 0), decimalText(-12345n, 2)],
    ['0.0000010000', '1.000E-7', '1E-10', '-5', '-123.45'],
  );
  const ns = (iso: string) => BigInt(Date.parse(iso)) * 1_000_000n;
  assert.equal(timestampText(ns('2020-01-01T12:34:56Z') + 789123000n, true), '2020-01-01T12:34:56.789123Z');
  assert.equal(timestampText(ns('2020-01-01T12:34:00Z') + 50000000n, true), '2020-01-01T12:34:00.050Z');
  assert.equal(timestampText(ns('1960-12-31T10:20:30Z'), false), '1960-12-31T10:20:30');
  for (let day = -800_000; day < 2_900_000; day += 997)
    assert.equal(
      dateText(day).replace(/^\+/, ''),
      new Date(day * 86_400_000)
        .toISOString()
        .replace(/^([+-]?)0*(\d{4,})-(\d\d-\d\d).*$/, '$1$2-$3')
        .replace(/^\+/, ''),
    );
});

test('a ROW is printed with its kind, its fields inside', () => {
  const engine = new Engine();
  const leaves = flatten(
    schemaOf(
      ROW([
        { name: 'x', type: INT() },
        { name: 'y', type: INT() },
      ]),
    ),
  );
  const batch = allocBatch(engine, leaves, { kinds: true });
  batch.setPresent(0, 0);
  batch.setPresent(2, 0);
  engine.i32[batch.values(2) >> 2] = 7;
  engine.u8.set([3, 1], batch.kinds);
  batch.selectAll(2);
  const text = new RowText(leaves);
  assert.equal(text.row(batch, 0), '-D[+I[null, 7]]');
  assert.equal(text.row(batch, 1), '-U[null]');
});

/** A writer's end of frames with room for so many; `taken` is what the other side got. */
class Frames implements FrameWriter {
  room: number;
  pending = 0;
  readonly failed = false;
  readonly taken: string[] = [];
  readonly #engine: Engine;
  constructor(engine: Engine, room: number) {
    this.#engine = engine;
    this.room = room;
  }
  offer(ptr: number, length: number): boolean {
    if (this.pending >= this.room) return false;
    this.pending++;
    this.taken.push(Buffer.from(this.#engine.u8.slice(ptr, ptr + length)).toString());
    return true;
  }
}

async function open(engine: Engine, options: Record<string, string>, subtaskIndex: number, parallelism: number, frames: Frames) {
  const schema = schemaOf(INT(), STRING());
  const config: SinkConfig = { connector: 'print', tableName: 't', options, schema, metadata: [undefined, undefined], partitionKeys: [], primaryKey: [] };
  const plan = await connector.planSink!(config, { parallelism, clock: new ManualClock(), options: {}, signal: new AbortController().signal });
  const writer = connector.createWriter!(config, plan, {
    engine,
    clock: new ManualClock(),
    metrics: new MetricGroup(),
    subtaskIndex,
    parallelism,
    leaves: flatten(schema),
    frames,
    closures: [],
    runId: 'r',
  });
  return { writer, plan, schema };
}

test('all rows arrive although there is room for one frame only; the end waits for the last', async () => {
  const engine = new Engine();
  const frames = new Frames(engine, 1);
  const { writer, schema } = await open(engine, {}, 0, 1, frames);
  const rows = Array.from({ length: 5000 }, (_, i) => [i, `text ${i} `.repeat(i % 40)] as const);
  let waits = 0;
  values(engine, schema, rows, (batch) => {
    let owed = writer.write(batch) === true;
    while (owed) {
      waits++;
      frames.pending = 0;
      owed = writer.resume!();
    }
  });
  assert.ok(waits > 3);
  assert.equal(writer.finish(), true);
  frames.pending = 0;
  assert.equal(writer.finish(), false);
  assert.equal(frames.taken.join(''), rows.map(([n, t]) => `+I[${n}, ${t}]\n`).join(''));
});

test('prefixes as Flink', async () => {
  const prefix = async (options: Record<string, string>, subtask: number, parallelism: number): Promise<string> => {
    const engine = new Engine();
    const frames = new Frames(engine, 9);
    const { writer, schema } = await open(engine, options, subtask, parallelism, frames);
    values(engine, schema, [[1, 'a']], (b) => void writer.write(b));
    return frames.taken.join('');
  };
  assert.equal(await prefix({}, 0, 1), '+I[1, a]\n');
  assert.equal(await prefix({}, 1, 2), '2> +I[1, a]\n');
  assert.equal(await prefix({ 'print-identifier': 'ID' }, 0, 1), 'ID> +I[1, a]\n');
  assert.equal(await prefix({ 'print-identifier': 'ID' }, 0, 3), 'ID:1> +I[1, a]\n');
});

test("the host's side prints through the context", async () => {
  const printed: string[] = [];
  const sink = createIoSink(
    { standardError: false },
    { clock: new ManualClock(), signal: new AbortController().signal, parallelism: 1, options: {}, print: (t) => void printed.push(t) },
  );
  await sink.open();
  await sink.write(0, Buffer.from('+I[é]\n'));
  await sink.close();
  assert.deepEqual(printed, ['+I[é]\n']);
});
