import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeMap, encodeMap } from '#src/batch/map.js';
import { type LogicalType, BYTES, MAP, STRING } from '#src/types/logical.js';
import type { Engine } from '#src/wasm/engine.js';
import { calcOperator, call, col, leavesOf, makeBatch, openOperator, type Value } from './support.js';

const S = STRING();
const B = BYTES();
const M = MAP(S, B);
const key = fc.option(fc.constantFrom('', 'a', 'b', 'traceparent', 'é'), { nil: null });
const value = fc.option(fc.constantFrom('', 'x', 'hello, world', '1'), { nil: null });
const entries = fc.array(fc.tuple(key, value), { maxLength: 6 });

/** One row through one expression; what it gives as bytes, NULL as null. */
function bytesOf(e: Parameters<typeof call>[0], type: LogicalType, args: { type: LogicalType; value: Value | Uint8Array }[]): Uint8Array | null {
  const input = leavesOf(args.map((a) => a.type));
  const project = [call(e, type, ...args.map((a, i) => col(i, a.type)))];
  const run = openOperator(calcOperator, { project, timeZone: 'UTC' }, input, leavesOf([type]));
  const batch = makeBatch(run.engine, input, [args.map((a) => (a.value instanceof Uint8Array ? '' : a.value))]);
  args.forEach((a, i) => {
    if (a.value instanceof Uint8Array) place(run.engine, batch.values(i), a.value);
  });
  run.op.processBatch(batch, 0);
  const out = run.last();
  if (out.isNull(0, 0)) return null;
  const { u32, u8 } = run.engine;
  const at = out.values(0) >>> 2;
  return u8.slice(u32[at], u32[at] + u32[at + 1]);
}

function place(engine: Engine, slot: number, bytes: Uint8Array): void {
  const p = engine.alloc(bytes.length + 128) + 64;
  engine.u8.set(bytes, p);
  engine.u32[slot >>> 2] = p;
  engine.u32[(slot >>> 2) + 1] = bytes.length;
}

const text = (s: string): Uint8Array => new TextEncoder().encode(s);
const encoded = (pairs: readonly (readonly [string | null, string | null])[]): Uint8Array => {
  const bytes = encodeMap(pairs.map(([k, v]) => [k, v === null ? null : text(v)] as const));
  assert.ok(bytes !== undefined);
  return bytes;
};

test('map[key]: the last of equal keys; NULL when absent, NULL or asked for NULL', () => {
  fc.assert(
    fc.property(entries, key, (pairs, k) => {
      const got = bytesOf('item', B, [
        { type: M, value: encoded(pairs) },
        { type: S, value: k },
      ]);
      const expected = k === null ? null : (new Map(pairs).get(k) ?? null);
      assert.deepEqual(got, expected === null ? null : text(expected));
    }),
    { numRuns: 200 },
  );
});

test('MAP[...]: the last of equal keys', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(key, value), { minLength: 1, maxLength: 6 }), (pairs) => {
      const args = pairs.flatMap(([k, v]) => [
        { type: S, value: k },
        { type: B, value: v },
      ]);
      const got = bytesOf('map', MAP(S, B, false), args);
      assert.ok(got !== null);
      const expected = new Map(pairs.map(([k, v]) => [k, v === null ? null : text(v)]));
      assert.deepEqual(new Map([...decodeMap(got)].sort()), new Map([...expected].sort()));
      assert.equal(got[0], expected.size << 1, 'no key stands twice');
    }),
    { numRuns: 200 },
  );
});

test('bytes as text: well-formed UTF-8 as it is, the rest as U+FFFD', () => {
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.string({ unit: 'binary' }).map(text)), (bytes) => {
      const got = bytesOf('cast', S, [{ type: B, value: bytes }]);
      assert.equal(new TextDecoder('utf-8', { ignoreBOM: true }).decode(got ?? text('NULL')), new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes));
    }),
    { numRuns: 300 },
  );
});
