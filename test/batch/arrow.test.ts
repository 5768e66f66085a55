import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tableFromIPC } from 'apache-arrow';
import fc from 'fast-check';
import { createBuilder } from '#src/batch/builder.js';
import { flatten } from '#src/types/leaf.js';
import { Engine } from '#src/wasm/engine.js';
import { FIELDS, rowArb } from './every-type.js';

const fields = FIELDS.filter((f) => f.type.root !== 'ANY');
const leaves = flatten({ fields });

/** A value as the apache-arrow package shows it, in our JS form. */
function ours(name: string, v: unknown): unknown {
  if (v === null || v === undefined) return null;
  switch (name) {
    case 'dec':
      return unscaled(v as Uint32Array);
    case 'big':
      return unscaled(v as Uint32Array);
    case 'date':
      return new Date(Number(v)).toISOString().slice(0, 10);
    case 'nested': {
      const s = v as Record<string, unknown>;
      const b = s.b as Record<string, unknown> | null;
      return { a: s.a, b: b === null ? null : { c: b.c } };
    }
    default:
      return v;
  }
}
function unscaled(words: Uint32Array): bigint {
  const n = words.reduce((sum, w, i) => sum | (BigInt(w) << BigInt(32 * i)), 0n);
  return BigInt.asIntN(128, n);
}
function theirs(name: string, v: unknown): unknown {
  if (v === null) return null;
  if (name === 'dec' || name === 'big') return BigInt(String(v).replace('.', ''));
  if (name === 'time') {
    const [h, m, s] = String(v).split(':');
    return (Number(h) * 60 + Number(m)) * 60000 + Math.round(Number(s) * 1000);
  }
  return v;
}

test('apache-arrow reads every type of the selected rows, and the copy is owned', () => {
  const engine = new Engine();
  const builder = createBuilder(engine, leaves, { capacity: 64 });
  fc.assert(
    fc.property(fc.array(rowArb, { maxLength: 40 }), fc.infiniteStream(fc.boolean()), (rows, keep) => {
      builder.clear();
      for (const r of rows) builder.append(r);
      const batch = builder.finish();
      const chosen = rows.map((_, i) => i).filter(() => keep.next().value);
      chosen.forEach((row, i) => {
        engine.u32[(batch.sel >> 2) + i] = row;
      });
      batch.selCount = chosen.length;
      const bytes = batch.toArrow();
      engine.u8.fill(0xee, batch.values(0), batch.values(0) + 64);
      const table = tableFromIPC(bytes);
      assert.equal(table.numRows, chosen.length);
      for (const f of fields) {
        const column = table.getChild(f.name)!;
        const raw = chosen.map((_, i) => (f.name === 'ts6' ? rawBig(column, i) : ours(f.name, column.get(i))));
        const want = chosen.map((row) => theirs(f.name, rows[row][f.name as keyof (typeof rows)[number]]));
        assert.deepEqual(raw, want, f.name);
      }
    }),
    { numRuns: 60 },
  );
  const names = tableFromIPC(builder.finish().toArrow()).schema.fields.map((f) => `${f.name} ${f.type}`);
  assert.deepEqual(names.slice(7, 9), ['dec Decimal[10e+2]', 'big Decimal[38e+9]']);
  assert.equal(names[13], 'ts Timestamp<MILLISECOND>');
});

/** apache-arrow shows microseconds as a number of ms: look at the word itself. */
function rawBig(column: { get(i: number): unknown; data: readonly { values: unknown }[] }, i: number): unknown {
  return column.get(i) === null ? null : (column.data[0].values as BigInt64Array)[i];
}
