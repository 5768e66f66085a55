import { allocBatch, type Batch } from '#src/batch/batch.js';
import '#src/exchange/writer.js';
import { flatten, type Leaf } from '#src/types/leaf.js';
import { BIGINT, DECIMAL, STRING } from '#src/types/logical.js';
import { Engine } from '#src/wasm/engine.js';

export interface Fixture {
  readonly engine: Engine;
  readonly batch: Batch;
  readonly leaves: readonly Leaf[];
}

/** The batch of docs/formats/batch.md. Its strings stand among zeros, so that nothing else shows in a frame's padding. */
export function fixtureBatch(): Fixture {
  const engine = new Engine();
  const leaves = flatten({
    fields: [
      { name: 'id', type: BIGINT() },
      { name: 'name', type: STRING() },
      { name: 'price', type: DECIMAL(10, 2) },
    ],
  });
  const batch = allocBatch(engine, leaves, { capacity: 8 });
  const text = engine.alloc(128);
  engine.u8.fill(0, text, text + 128);
  const strings = ['ad', undefined, 'é'];
  const prices = [1234n, -1n, undefined];
  strings.forEach((s, row) => {
    batch.setPresent(0, row);
    engine.i64[(batch.values(0) >> 3) + row] = BigInt(row + 1);
    const at = (batch.values(1) >> 2) + row * 2;
    const bytes = new TextEncoder().encode(s ?? '');
    const ptr = text + row * 32;
    engine.u8.set(bytes, ptr);
    engine.u32[at] = s === undefined ? 0 : ptr;
    engine.u32[at + 1] = bytes.length;
    if (s !== undefined) batch.setPresent(1, row);
    engine.i64[(batch.values(2) >> 3) + row] = prices[row] ?? 0n;
    if (prices[row] !== undefined) batch.setPresent(2, row);
  });
  batch.selectAll(3);
  engine.u32[(batch.sel >> 2) + 1] = 2;
  batch.selCount = 2;
  engine.i32[batch.marks >> 2] = 1;
  engine.i32[(batch.marks >> 2) + 1] = 0;
  engine.i64[(batch.marks + 8) >> 3] = 1000n;
  batch.markCount = 1;
  return { engine, batch, leaves };
}

/** Its selected rows as one frame. */
export function encodedBatch(): Uint8Array {
  const { engine, batch } = fixtureBatch();
  const bytes = engine.kernels.encodedBytes(batch.ptr, batch.sel, batch.selCount) >>> 0;
  const out = engine.alloc(bytes);
  engine.u8.fill(0, out, out + bytes);
  const used = engine.kernels.encodeRows(batch.ptr, batch.sel, batch.selCount, out) >>> 0;
  return engine.u8.slice(out, out + used);
}
