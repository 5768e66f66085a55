import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OutgoingBatch } from '#src/connect/kafka/outgoing-batch.js';
import { PartitionQueue, ProduceLane } from '#src/connect/kafka/produce-lane.js';

const batch = (): OutgoingBatch => new OutgoingBatch(new Uint8Array(256), 0);

test("a partition's second batch waits until the broker has taken its first: before that it takes any sequence number", () => {
  const lane = new ProduceLane(7);
  const queue = new PartitionQueue(0);
  queue.leader = 7;
  const batches = [batch(), batch(), batch()];
  queue.waiting.push(...batches);
  const sent = (): number[] => lane.nextGroup([queue], 1 << 20).map((g) => batches.indexOf(g.batch));
  assert.deepEqual([sent(), sent()], [[0], []]);

  // refused: it goes again, alone
  batches[0].flying = false;
  queue.halted = true;
  assert.deepEqual(sent(), []);
  queue.resume();
  assert.deepEqual([sent(), sent()], [[0], []]);

  batches[0].flying = false;
  queue.taken(batches[0]);
  assert.deepEqual([sent(), sent(), sent()], [[1], [2], []]);

  // later ones may be many: the broker refuses what comes too early
  for (const b of batches.slice(1)) b.flying = false;
  queue.halted = true;
  queue.resume();
  assert.deepEqual([sent(), sent(), sent()], [[1], [2], []]);
});
