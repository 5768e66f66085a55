import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { Doorbells, NO_BELL } from '#src/ring/doorbell.js';
import { RingReader, RingWriter, ringBytes } from '#src/ring/ring.js';

const take = (r: RingReader): Uint8Array | undefined => {
  let frame = new Uint8Array(0);
  const n = r.take((bytes) => {
    frame = new Uint8Array(bytes);
    return { view: frame, ptr: 0 };
  });
  return n < 0 ? undefined : frame;
};

test('frames come out as they went in, in order, whatever their sizes and the order of steps', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ bytes: fc.uint8Array({ maxLength: 700 }), reads: fc.integer({ min: 0, max: 4 }) }), { maxLength: 60 }), (script) => {
      const sab = new SharedArrayBuffer(ringBytes(256)); // smaller than most frames: pieces and wraps
      const writer = new RingWriter(sab, NO_BELL);
      const reader = new RingReader(sab, NO_BELL);
      const got: Uint8Array[] = [];
      const read = (): void => {
        const f = take(reader);
        if (f !== undefined) got.push(f);
      };
      for (const s of script) {
        let tries = 0;
        while (!writer.offer(s.bytes, 0, s.bytes.length)) {
          read();
          assert.ok(++tries < 1000, 'a reader that reads makes room');
        }
        for (let i = 0; i < s.reads; i++) read();
      }
      writer.end();
      for (let i = 0; i < 1000 && !reader.ended; i++) read();
      assert.ok(reader.ended);
      assert.deepEqual(
        got,
        script.map((s) => s.bytes),
      );
      assert.equal(writer.pending, script.length);
      reader.acknowledge(script.length);
      assert.equal(writer.pending, 0);
    }),
    { numRuns: 300 },
  );
});

test('a full ring refuses and loses nothing', () => {
  const sab = new SharedArrayBuffer(ringBytes(256));
  const writer = new RingWriter(sab, NO_BELL);
  const reader = new RingReader(sab, NO_BELL);
  const frame = new Uint8Array(100).fill(7);
  let n = 0;
  while (writer.offer(frame, 0, 100)) n++;
  assert.equal(n, 2);
  assert.equal(writer.offer(frame, 0, 100), false);
  for (let i = 0; i < n; i++) assert.equal(take(reader)?.length, 100);
  assert.equal(take(reader), undefined);
  assert.equal(writer.offer(frame, 0, 100), true);
  assert.equal(take(reader)?.length, 100);
});

test('frames written in place and copied ones come out in order; what is reserved and given back leaves no trace', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ bytes: fc.uint8Array({ minLength: 1, maxLength: 120 }), more: fc.nat(40), how: fc.constantFrom('copy', 'place', 'give back') }), {
        maxLength: 60,
      }),
      (script) => {
        const sab = new SharedArrayBuffer(ringBytes(512));
        const writer = new RingWriter(sab, NO_BELL);
        const reader = new RingReader(sab, NO_BELL);
        const got: Uint8Array[] = [];
        const wanted: Uint8Array[] = [];
        const read = (): boolean => {
          const f = take(reader);
          if (f !== undefined) got.push(f);
          return f !== undefined;
        };
        for (const { bytes, more, how } of script) {
          if (how === 'copy') {
            while (!writer.offer(bytes, 0, bytes.length)) assert.ok(read());
            wanted.push(bytes);
            continue;
          }
          let room = writer.reserve(bytes.length + more);
          while (room === undefined) {
            assert.ok(read());
            room = writer.reserve(bytes.length + more);
          }
          assert.equal(room.length, bytes.length + more);
          room.set(bytes);
          assert.equal(writer.offer(bytes, 0, bytes.length), false);
          assert.equal(writer.reserve(1), undefined);
          if (got.length % 2 === 0) read(); // the reader may work meanwhile
          writer.commit(how === 'place' ? bytes.length : 0);
          if (how === 'place') wanted.push(bytes);
        }
        while (read());
        assert.deepEqual(got, wanted);
      },
    ),
    { numRuns: 300 },
  );
  const writer = new RingWriter(new SharedArrayBuffer(ringBytes(512)), NO_BELL);
  assert.equal(writer.reserve(249), undefined);
  assert.ok(writer.fits(100_000), 'more than half a ring is never to be had');
  writer.offer(new Uint8Array(248), 0, 248);
  assert.ok(writer.fits(248));
  writer.offer(new Uint8Array(8), 0, 8);
  assert.ok(writer.fits(100) && !writer.fits(248) && !writer.fits(100_000));
  assert.throws(() => writer.commit(1), RangeError);
});

test('two threads: a reader that sleeps on its doorbell sees every frame', async () => {
  const sab = new SharedArrayBuffer(ringBytes(4096));
  const bells = new Doorbells(2);
  const worker = new Worker(
    `const { workerData } = require('node:worker_threads');
     (async () => {
       const { RingWriter } = await import(workerData.ring);
       const { Doorbells } = await import(workerData.doorbell);
       const bells = new Doorbells(workerData.bells);
       const w = new RingWriter(workerData.sab, { ring: () => bells.ring(0) });
       const u32 = new Uint32Array(1);
       const u8 = new Uint8Array(u32.buffer);
       for (let i = 0; i < 50000; i++) {
         u32[0] = i;
         for (;;) { const seen = bells.look(1); if (w.offer(u8, 0, 4)) break; bells.sleep(1, seen, 1000); }
       }
       w.end();
     })();`,
    {
      eval: true,
      workerData: { sab, bells: bells.sab, ring: import.meta.resolve('#src/ring/ring.js'), doorbell: import.meta.resolve('#src/ring/doorbell.js') },
    },
  );
  const reader = new RingReader(sab, { ring: () => bells.ring(1) });
  let next = 0;
  for (;;) {
    const seen = bells.look(0);
    const f = take(reader);
    if (f === undefined) {
      if (reader.ended) break;
      bells.sleep(0, seen, 5000);
      continue;
    }
    assert.equal(new Uint32Array(f.buffer)[0], next++);
  }
  assert.equal(next, 50_000);
  await worker.terminate();
});

test('a writer that waits until everything is taken is rung then, and not before', () => {
  const sab = new SharedArrayBuffer(ringBytes(256));
  let rung = 0;
  const writer = new RingWriter(sab, NO_BELL);
  const reader = new RingReader(sab, { ring: () => rung++ });
  const frame = new Uint8Array(10);
  assert.equal(writer.drained(), true);
  writer.offer(frame, 0, 10);
  take(reader);
  assert.equal(rung, 0, 'nobody waits');
  writer.offer(frame, 0, 10);
  writer.offer(frame, 0, 10);
  assert.equal(writer.drained(), false);
  take(reader);
  assert.equal(rung, 0, 'one is left');
  take(reader);
  assert.equal(rung, 1);
  assert.equal(writer.drained(), true);
});
