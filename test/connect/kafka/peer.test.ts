import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzzPeers } from './peer-fuzz.js';

/** More: npm run fuzz -- kafka-peers. */
test('whatever a peer at the broker answers, a source or a sink ends with one error that says so, or as it should', async () => {
  const ends = await fuzzPeers(150, 1);
  assert.ok(ends.right > 5 && ends.KAFKA_PROTOCOL > 20, JSON.stringify(ends));
});
