import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as abi from '#abi';
import { allocBatch } from '#src/batch/batch.js';
import { createReader } from '#src/batch/rows.js';
import { encodedBatch, fixtureBatch } from './batch.js';
import { matchesPage } from './fixture.js';

test('docs/formats/batch.md shows the bytes of a batch', () => {
  const { engine, batch } = fixtureBatch();
  const relative = (ptr: number, bytes: number, pointers: readonly number[]): Uint8Array => {
    const copy = engine.u8.slice(ptr, ptr + bytes);
    const words = new Uint32Array(copy.buffer);
    for (const p of pointers) if (words[p >> 2] !== 0) words[p >> 2] -= batch.ptr;
    return copy;
  };
  const column = (c: number): Uint8Array => relative(batch.ptr + abi.BATCH_HEADER_BYTES + c * abi.COL_BYTES, abi.COL_BYTES, [abi.COL_VALUES, abi.COL_VALIDITY]);
  matchesPage('docs/formats/batch.md', [
    ['header', relative(batch.ptr, abi.BATCH_HEADER_BYTES, [abi.BATCH_SEL, abi.BATCH_MARKS, abi.BATCH_KINDS, abi.BATCH_TIMES])],
    ['column id', column(0)],
    ['column name', column(1)],
    ['column price', column(2)],
    ['selection', engine.u8.slice(batch.sel, batch.sel + 8)],
    ['marks', engine.u8.slice(batch.marks, batch.marks + 16)],
    ['id values', engine.u8.slice(batch.values(0), batch.values(0) + 24)],
    ['id validity', engine.u8.slice(batch.validity(0), batch.validity(0) + 1)],
    ['name values', relative(batch.values(1), 24, [0, 16])],
    ['name validity', engine.u8.slice(batch.validity(1), batch.validity(1) + 1)],
    ['price values', engine.u8.slice(batch.values(2), batch.values(2) + 16)],
    ['price validity', engine.u8.slice(batch.validity(2), batch.validity(2) + 1)],
  ]);
});

test('a frame opens as the rows it was made of', () => {
  const { engine, leaves } = fixtureBatch();
  const frame = encodedBatch();
  const at = engine.alloc(frame.length);
  engine.u8.set(frame, at);
  const batch = allocBatch(engine, leaves, { columns: false });
  engine.kernels.openBatch(at, batch.ptr);
  const reader = createReader(leaves);
  reader.bind(batch);
  assert.equal(batch.selCount, 2);
  assert.deepEqual(
    [0, 1].map((row) => ({ ...reader.object(row) })),
    [
      { id: 1n, name: 'ad', price: '12.34' },
      { id: 3n, name: 'é', price: null },
    ],
  );
  assert.deepEqual([batch.markCount, batch.markRow(0), batch.markWatermark(0)], [1, 0, 1000n]);
});
