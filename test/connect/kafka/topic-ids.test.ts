import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Prng } from '#src/base/prng.js';
import { decodeTopicIds, encodeTopicIdsRequest } from '#src/connect/kafka/topic-ids.js';

/** What a broker 4.x answered for two topics, one of which is not there. */
const compact = (s: string): number[] => [s.length + 1, ...Buffer.from(s)];
const id = Array.from({ length: 16 }, (_, i) => i + 1);
const topic = (error: number, name: string, topicId: number[], partitions: number[][]): number[] => [
  0,
  error,
  ...compact(name),
  ...topicId,
  0,
  partitions.length + 1,
  ...partitions.flat(),
  0x80,
  0,
  0,
  0,
  0,
];
const partition = [0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 2, 0, 0, 0, 1, 2, 0, 0, 0, 1, 1, 0];
const broker = [0, 0, 0, 1, ...compact('localhost'), 0, 0, 35, 132, 0, 0];
const response = Buffer.from([
  0,
  0,
  0,
  0,
  0,
  2,
  ...broker,
  ...compact('c'),
  0,
  0,
  0,
  1,
  3,
  ...topic(0, 'here', id, [partition, partition]),
  ...topic(3, 'gone', Array<number>(16).fill(0), []),
  0,
  0,
  0,
  0,
  0,
]);

test('ids of topics are read from a Metadata response; topics that are not there have none', () => {
  assert.deepEqual([...decodeTopicIds(response)], [['here', '0102030405060708090a0b0c0d0e0f10']]);
});

test('a Metadata response that is cut or changed is read, or fails as one', () => {
  for (let n = 0; n < 100; n++) assert.throws(() => decodeTopicIds(response.subarray(0, n)), RangeError);
  const prng = new Prng(3);
  for (let n = 0; n < 20_000; n++) {
    const changed = Buffer.from(response);
    for (let k = 1 + prng.below(4); k > 0; k--) changed[prng.below(changed.length)] = prng.below(256);
    try {
      decodeTopicIds(changed);
    } catch (e) {
      assert.ok(e instanceof RangeError, String(e));
    }
  }
});

test("the request names the topics, creates none and asks for nobody's rights", () => {
  const name = 'x'.repeat(200);
  const expected = [0, 2, ...Array<number>(16).fill(0), 0xc9, 0x01, ...Buffer.from(name), 0, 0, 0, 0, 0];
  assert.deepEqual([...encodeTopicIdsRequest([name])], expected);
});
