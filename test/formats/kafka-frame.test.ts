import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allocBatch } from '#src/batch/batch.js';
import { BatchBuilder } from '#src/connect/kafka/batch-builder.js';
import { FRAME_HEADER_BYTES, FRAME_RECORDS, sealFrame } from '#src/connect/kafka/frame.js';
import { flatten } from '#src/types/leaf.js';
import { STRING, TIMESTAMP_LTZ } from '#src/types/logical.js';
import { Engine } from '#src/wasm/engine.js';
import { batchBytes, concat, EMPTY_BATCH } from '../connect/kafka/batches.js';
import { matchesPage } from './fixture.js';

const TIMES = [1000n, 998n];

function fetched(): Uint8Array {
  const batch = batchBytes({
    ...EMPTY_BATCH,
    baseOffset: 5n,
    baseTime: 1000n,
    maxTime: 1000n,
    lastOffsetDelta: 1,
    records: [
      { key: Buffer.from('k'), value: Buffer.from('v1'), timeDelta: 0n, offsetDelta: 0, headers: [] },
      { key: null, value: Buffer.from('v2'), timeDelta: -2n, offsetDelta: 1, headers: [] },
    ],
  });
  const bytes = concat([new Uint8Array(FRAME_HEADER_BYTES), batch]);
  return sealFrame(bytes, 0, bytes.length, FRAME_RECORDS, 3, 7n, 0);
}

function written(): Uint8Array {
  const engine = new Engine();
  const batch = allocBatch(
    engine,
    flatten({
      fields: [
        { name: 'k', type: STRING() },
        { name: 'ts', type: TIMESTAMP_LTZ(3) },
      ],
    }),
  );
  const text = engine.alloc(64);
  engine.u8.set(Buffer.from('kv1v2'), text);
  const slices = engine.alloc(64);
  engine.u32.set([text + 1, 2, text + 3, 2], slices >> 2);
  engine.u32.set([text, 1], batch.values(0) >> 2);
  batch.setPresent(0, 0);
  engine.i64.set(TIMES, batch.values(1) >> 3);
  for (const row of [0, 1]) batch.setPresent(1, row);
  batch.selectAll(2);
  const builder = new BatchBuilder(engine, { partitions: 1, batchBytes: 1000, keyLeaf: 0, timeLeaf: 1, headersLeaf: -1, fixed: false, sticky: 0 });
  builder.append(batch, slices, 0, 2, 0n);
  builder.makeRoom(0);
  assert.equal(builder.append(batch, slices, 0, 2, 0n), 2);
  const { ptr, length } = builder.seal(0);
  return engine.u8.slice(ptr, ptr + length);
}

test('Kafka frames are the documented bytes', () => {
  matchesPage('docs/formats/kafka-frame.md', [
    ['fetched', fetched()],
    ['written', written()],
  ]);
});
