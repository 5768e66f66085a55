import { setTimeout as sleep } from 'node:timers/promises';
import { KAFKA_BACKOFF_MS_MIN, KAFKA_CONNECT_TIMEOUT_MS } from '../../base/limits.js';
import { protocolErrorType } from './failure.js';

/** What a coordinator says while it comes up or hands its groups over: the same request soon after is the answer. */
const MOMENTARY = new Set(['GROUP_LOAD_IN_PROGRESS', 'COORDINATOR_LOAD_IN_PROGRESS', 'GROUP_COORDINATOR_NOT_AVAILABLE', 'NOT_COORDINATOR_FOR_GROUP']);
const TRIES = KAFKA_CONNECT_TIMEOUT_MS / KAFKA_BACKOFF_MS_MIN;

/** Asks the coordinator of a group, again while it is not ready. */
export async function coordinated<B, T>(
  cluster: { findGroupCoordinator(of: { groupId: string }): Promise<B> },
  groupId: string,
  request: (broker: B) => Promise<T>,
): Promise<T> {
  for (let left = TRIES; ; left--) {
    try {
      return await request(await cluster.findGroupCoordinator({ groupId }));
    } catch (e) {
      if (left <= 1 || !MOMENTARY.has(protocolErrorType(e) ?? '')) throw e;
      await sleep(KAFKA_BACKOFF_MS_MIN);
    }
  }
}
