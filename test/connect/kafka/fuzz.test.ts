import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzzBatches } from './fuzz.js';

test('mutated batches give what the model gives: the same rows, the same end, nothing outside of their bytes (npm run fuzz does more)', () => {
  const { ends, rows } = fuzzBatches(15_000, 1);
  for (const end of ['empty', 'partial', 'corrupt', 'magic', 'codec']) assert.ok(ends[end] > 10, `${end}: ${ends[end]}`);
  assert.ok(rows > 15_000);
});
