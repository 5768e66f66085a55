import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coordinated } from '#src/connect/kafka/coordinator.js';

const protocolError = (type: string): Error => Object.assign(new Error(type), { type });

test('a coordinator that is still loading is asked again; any other error is thrown at once', async () => {
  const answers = [protocolError('GROUP_LOAD_IN_PROGRESS'), protocolError('NOT_COORDINATOR_FOR_GROUP'), 7];
  let asked = 0;
  const cluster = { findGroupCoordinator: async ({ groupId }: { groupId: string }) => groupId };
  const request = async (broker: string): Promise<number> => {
    assert.equal(broker, 'g');
    const a = answers[asked++];
    if (a instanceof Error) throw a;
    return a as number;
  };
  assert.equal(await coordinated(cluster, 'g', request), 7);
  assert.equal(asked, 3);
  let others = 0;
  const denied = coordinated(cluster, 'g', async () => {
    others++;
    throw protocolError('GROUP_AUTHORIZATION_FAILED');
  });
  await assert.rejects(denied, /GROUP_AUTHORIZATION_FAILED/);
  assert.equal(others, 1);
});
