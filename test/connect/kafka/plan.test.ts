import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onceLed } from '#src/connect/kafka/plan.js';

test('brokers are asked again while partitions are getting their leaders, and no longer than default.api.timeout.ms', async () => {
  const refusal = (type: string, retriable: boolean): Error => Object.assign(new Error(type), { name: 'KafkaJSProtocolError', type, retriable });
  const electing = refusal('NOT_LEADER_FOR_PARTITION', true);
  const { signal } = new AbortController();
  let asked = 0;
  const answer = await onceLed({}, signal, () => (++asked < 3 ? Promise.reject(electing) : Promise.resolve('offsets')));
  assert.deepEqual([answer, asked], ['offsets', 3]);

  const never = (e: Error) => () => {
    asked++;
    return Promise.reject(e);
  };
  asked = 0;
  await assert.rejects(onceLed({}, signal, never(refusal('TOPIC_AUTHORIZATION_FAILED', false))), /AUTHORIZATION/);
  assert.equal(asked, 1);
  await assert.rejects(onceLed({ 'default.api.timeout.ms': '1' }, signal, never(electing)), /NOT_LEADER/);
  assert.ok(asked <= 3);
  const abort = new AbortController();
  setTimeout(() => abort.abort(), 20);
  await assert.rejects(onceLed({}, abort.signal, never(electing)), /NOT_LEADER/);
});
