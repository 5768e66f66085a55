import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { MillraceError } from '#src/base/errors.js';
import { findParts } from '#src/connect/kafka/kafkajs-parts.js';

const load = createRequire(import.meta.url);

test('the installed kafkajs has every part that is used', () => {
  assert.equal(typeof findParts().createCluster, 'symbol');
});

test('a part that is missing is named: KAFKA_CLIENT', () => {
  const without = (path: string, broken: (real: { prototype: object }) => unknown) => (): unknown =>
    findParts((p) => (p === path ? broken(load(p) as { prototype: object }) : load(p)));
  const cases: [() => unknown, RegExp][] = [
    [without('kafkajs/src/cluster/index.js', () => class {}), /Cluster\.connect/],
    [without('kafkajs/src/broker/index.js', () => class {}), /Broker\.metadata/],
    [without('kafkajs/src/network/connection.js', () => class {}), /Connection\.connect/],
    [
      without('kafkajs/src/network/requestQueue/index.js', () => {
        throw new Error('Cannot find module');
      }),
      /requestQueue/,
    ],
    [without('kafkajs', () => ({ logLevel: {}, Kafka: class {} })), /cluster factory/],
  ];
  for (const [work, message] of cases) {
    assert.throws(work, (e: MillraceError) => e instanceof MillraceError && e.code === 'KAFKA_CLIENT' && message.test(e.message) && /2\.2\.4/.test(e.remedy));
  }
});

test('a request queue with nothing pending sets no timer: none to a negative time, which Node >= 24 warns of', () => {
  findParts();
  const Queue = load('kafkajs/src/network/requestQueue/index.js') as new (
    options: object,
  ) => {
    throttleCheckTimeoutId: NodeJS.Timeout | null;
    pending: unknown[];
    scheduleCheckPendingRequests(): void;
    destroy(): void;
  };
  const queue = new Queue({ requestTimeout: 1000, enforceRequestTimeout: false, clientId: 'x', broker: 'b', logger: { debug() {} } });
  queue.scheduleCheckPendingRequests();
  assert.equal(queue.throttleCheckTimeoutId, null);
  queue.pending.push({});
  queue.scheduleCheckPendingRequests();
  assert.notEqual(queue.throttleCheckTimeoutId, null);
  queue.destroy();
});
