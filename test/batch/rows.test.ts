import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MillraceError } from '#src/base/errors.js';
import { allocBatch } from '#src/batch/batch.js';
import { createBuilder } from '#src/batch/builder.js';
import { createReader } from '#src/batch/rows.js';
import { flatten } from '#src/types/leaf.js';
import * as t from '#src/types/logical.js';
import { Engine } from '#src/wasm/engine.js';
import { FIELDS, LEAVES, rowArb } from './every-type.js';

test('what is built is read back, field by field and as objects', () => {
  const engine = new Engine();
  const builder = createBuilder(engine, LEAVES, { capacity: 64, times: true });
  const reader = createReader(LEAVES);
  fc.assert(
    fc.property(fc.array(rowArb, { maxLength: 64 }), fc.boolean(), (rows, asArrays) => {
      builder.clear();
      rows.forEach((r, i) => {
        builder.append(asArrays ? FIELDS.map((f) => r[f.name as keyof typeof r]) : r, BigInt(i));
      });
      const batch = builder.finish();
      assert.equal(batch.selCount, rows.length);
      reader.bind(batch);
      rows.forEach((r, i) => {
        assert.deepEqual(reader.object(i), r);
        const handle = reader.row(i);
        for (const f of FIELDS) if (f.name !== 'nested') assert.deepEqual(handle[f.name], r[f.name as keyof typeof r]);
        assert.equal((handle.nested as { a: number } | null)?.a, r.nested?.a);
        assert.equal((handle.nested as typeof r.nested)?.b?.c, r.nested?.b?.c);
        assert.equal(engine.i64[(batch.times >> 3) + i], BigInt(i));
      });
    }),
    { numRuns: 60 },
  );
});

test('strings that were never written are empty, whatever the memory held before', () => {
  const engine = new Engine();
  const leaves = flatten({ fields: [{ name: 'x', type: t.STRING() }] });
  const bytes = 100 * 8 + 64;
  const old = Array.from({ length: 20 }, () => engine.alloc(bytes));
  for (const p of old) engine.u8.fill(0xee, p, p + bytes);
  for (const p of old) engine.free(p, bytes);
  const at = allocBatch(engine, leaves, { capacity: 100 }).values(0) >>> 2;
  assert.ok(old.includes(at << 2), 'the memory is used again');
  assert.deepEqual([...engine.u32.subarray(at, at + 200)], new Array(200).fill(0));
});

test('strings of every length read back, packed or not, selected or not, ASCII or not', () => {
  const engine = new Engine();
  const leaves = flatten({ fields: [{ name: 'x', type: t.STRING() }] });
  const builder = createBuilder(engine, leaves);
  const reader = createReader(leaves);
  const texts = Array.from({ length: 2048 }, (_, i) =>
    i % 7 === 6 ? null : (i % 11 === 10 ? 'ü' : 'a') + String.fromCharCode(32 + (i % 90)).repeat((i * 37) % 300),
  );
  for (const x of texts) builder.append([x]);
  const batch = builder.finish();
  batch.selCount = 2000;
  reader.bind(batch);
  for (const [i, x] of texts.entries()) assert.equal(reader.value(0, i), x);
  assert.equal(reader.value(0, 5), texts[5]); // the same again, from a decoded block
});

test('a handle used after its batch throws ROW_EXPIRED, a plain object stays', () => {
  const engine = new Engine();
  const leaves = flatten({ fields: [{ name: 'x', type: t.STRING() }] });
  const builder = createBuilder(engine, leaves);
  builder.append({ x: 'hello' });
  const reader = createReader(leaves);
  reader.bind(builder.finish());
  const handle = reader.row(0);
  const kept = handle.toObject();
  assert.equal(handle.x, 'hello');
  reader.release();
  assert.throws(
    () => handle.x,
    (e: unknown) => e instanceof MillraceError && e.code === 'ROW_EXPIRED',
  );
  assert.throws(
    () => handle.toObject(),
    (e: unknown) => e instanceof MillraceError && e.code === 'ROW_EXPIRED',
  );
  assert.deepEqual(kept, { x: 'hello' });
});

test('a value of the wrong form names its field', () => {
  const engine = new Engine();
  const build = (type: t.LogicalType, value: unknown): unknown => {
    const leaves = flatten({ fields: [{ name: 'outer', type: t.ROW([{ name: 'f', type }]) }] });
    const builder = createBuilder(engine, leaves, { capacity: 8 });
    builder.append({ outer: { f: value } });
    const reader = createReader(leaves);
    reader.bind(builder.finish());
    return (reader.object(0).outer as { f: unknown }).f;
  };
  for (const [type, value] of [
    [t.INT(), 1.5],
    [t.INT(), 2 ** 31],
    [t.INT(), '12'],
    [t.TINYINT(), 128],
    [t.BIGINT(), 2 ** 53],
    [t.BIGINT(), 2n ** 63n],
    [t.STRING(), 12],
    [t.BOOLEAN(), 1],
    [t.DECIMAL(4, 2), '100'],
    [t.DECIMAL(4, 2), 'x'],
    [t.DATE(), '2024-02-30'],
    [t.TIME(), '24:00:00'],
    [t.TIMESTAMP(3), 'yesterday'],
    [t.DOUBLE(), 1n],
    [t.ROW([]), 5],
  ] as const)
    assert.throws(
      () => build(type, value),
      (e: unknown) => e instanceof MillraceError && e.code === 'TYPE_MISMATCH' && e.message.includes("'outer.f'"),
      `${t.typeToString(type)} ${String(value)}`,
    );
  for (const [type, value, expected] of [
    [t.BIGINT(), 12, 12n],
    [t.DECIMAL(4, 2), 1.005, '1.01'],
    [t.DECIMAL(4, 2), -1.005, '-1.01'],
    [t.DECIMAL(4, 2), 7n, '7.00'],
    [t.DECIMAL(20, 0), '1e19', '10000000000000000000'],
    [t.TIMESTAMP(3), new Date(1234), 1234],
    [t.TIMESTAMP(3), '1970-01-01 00:00:01.234', 1234],
    [t.TIMESTAMP(9), '1970-01-01T00:00:01.234Z', 1234000000n],
    [t.TIMESTAMP(6), 1234, 1234000n],
    [t.TIMESTAMP(0), 1999, 1999],
    [t.DATE(), new Date('2024-02-29T23:00:00Z'), '2024-02-29'],
    [t.TIME(3), 1001, '00:00:01.001'],
  ] as const)
    assert.deepEqual(build(type, value), expected);
  const leaves = flatten({ fields: [{ name: 'n', type: t.INT(false) }] });
  assert.throws(() => createBuilder(engine, leaves).append({}), /'n'.*NULL/s);
});
