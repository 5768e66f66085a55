import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { systemClock } from '#src/base/clock.js';
import { createBuilder } from '#src/batch/builder.js';
import { ExchangeReader } from '#src/exchange/reader.js';
import { ExchangeWriter } from '#src/exchange/writer.js';
import { NO_BELL } from '#src/ring/doorbell.js';
import { RingReader, RingWriter, ringBytes } from '#src/ring/ring.js';
import { flatten } from '#src/types/leaf.js';
import { INT, STRING } from '#src/types/logical.js';
import { Engine } from '#src/wasm/engine.js';

/** The bytes of a page's `hex` block. */
function fixture(page: string): Uint8Array {
  const text = readFileSync(new URL(`../../../docs/formats/${page}.md`, import.meta.url), 'utf8');
  return Uint8Array.from(Buffer.from(/```hex\n([\s\S]*?)```/.exec(text)![1].replace(/\s/g, ''), 'hex'));
}
const leaves = flatten({
  fields: [
    { name: 'k', type: STRING() },
    { name: 'n', type: INT() },
  ],
});
const DATA = 256 + 8; // behind the ring's control words and the frame's header

test('exchange frames are the documented bytes', () => {
  const engine = new Engine();
  const builder = createBuilder(engine, leaves);
  builder.append({ k: 'ab', n: 1 });
  builder.append({ k: null, n: -1 });
  const batch = builder.finish();
  engine.u32[batch.marks >> 2] = 0;
  engine.i64[(batch.marks + 8) >> 3] = 5000n;
  batch.markCount = 1;
  const ring = new ArrayBuffer(ringBytes(512));
  const writer = new ExchangeWriter(engine, systemClock, leaves, [new RingWriter(ring, NO_BELL)], {
    partition: 'forward',
    keys: [],
    maxParallelism: 128,
    bufferTimeoutMs: -1,
    subtaskIndex: 0,
  });
  writer.batch(batch);
  writer.end(false);
  writer.flush(true);
  const want = fixture('exchange');
  assert.deepEqual(new Uint8Array(ring, DATA, want.length), want);

  const reader = new ExchangeReader(new Engine(), leaves, new RingReader(ring, NO_BELL));
  const event = reader.next();
  assert.ok(event?.type === 'batch');
  assert.equal(event.batch.rows, 2);
  assert.equal(event.batch.isNull(0, 1), true);
  assert.equal(event.batch.markRow(0), 0);
  assert.equal(event.batch.markWatermark(0), 5000n);
  assert.deepEqual(reader.next(), { type: 'end', failed: false });
});

test('a ring frame is the documented bytes', () => {
  const ring = new ArrayBuffer(ringBytes(64));
  new RingWriter(ring, NO_BELL).offer(Uint8Array.of(0x61, 0x62), 0, 2);
  assert.deepEqual(new Uint8Array(ring, 256, 16), fixture('ring'));
});
