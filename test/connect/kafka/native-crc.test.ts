import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crcsHold, type nativeCrc32c } from '#src/connect/kafka/native-crc.js';
import { batchBytes, concat, crc32cModel, EMPTY_BATCH } from './batches.js';

test('a package that is not there, or sums otherwise, is not used', async () => {
  const fresh = async (query: string): Promise<typeof nativeCrc32c> =>
    ((await import(`#src/connect/kafka/native-crc.js?${query}`)) as { nativeCrc32c: typeof nativeCrc32c }).nativeCrc32c;
  assert.equal(
    (await fresh('a'))(() => {
      throw new Error('Cannot find module');
    }),
    undefined,
  );
  assert.equal(
    (await fresh('b'))(() => ({ crc32c: () => 1 })),
    undefined,
  );
  assert.equal(typeof (await fresh('c'))(() => ({ crc32c: crc32cModel })), 'function');
});

test('batches whose CRCs hold are told from those where one does not, wherever they lie', () => {
  const batch = (offset: number, value: string): Uint8Array =>
    batchBytes({
      ...EMPTY_BATCH,
      baseOffset: BigInt(offset),
      records: [{ key: null, value: Buffer.from(value), timeDelta: 0n, offsetDelta: 0, headers: [] }],
    });
  const whole = concat([new Uint8Array(7), batch(0, 'a'), batch(1, 'bb'), batch(2, 'ccc')]);
  const holds = (b: Uint8Array, end = b.length): boolean => crcsHold(crc32cModel, b, 7, end);
  assert.ok(holds(whole));
  assert.ok(holds(whole, whole.length - 5), 'a batch that is cut off is not looked at');
  for (const at of [7 + 17, 7 + 30, whole.length - 40, whole.length - 2]) {
    const bad = Uint8Array.from(whole);
    bad[at] ^= 1;
    assert.equal(holds(bad), false, `byte ${at}`);
  }
  const negative = Uint8Array.from(whole);
  new DataView(negative.buffer).setInt32(7 + 8, -5);
  assert.equal(holds(negative), false);
});
