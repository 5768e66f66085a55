import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coresGot, isSettled, overSettled, settle, settledText } from '../../bench/lib/cores.js';

test('cores are counted against the fastest thread', () => {
  assert.equal(coresGot([100, 100], 100), 2);
  assert.equal(coresGot([50, 50], 100), 1);
  assert.equal(isSettled(1.9, 2), true);
  assert.equal(isSettled(1.89, 2), false);
  assert.equal(isSettled(0.96, 1), true);
});

test('a median takes the runs on settled cores if there are two of them', () => {
  const on = (cores: number, ...values: number[]) => values.map((value) => ({ value, cores }));
  const two = overSettled([...on(2, 10, 12), ...on(1, 1, 2, 3)]);
  assert.deepEqual(two, { values: [10, 12], median: 11, settled: 2, runs: 5 });
  assert.equal(settledText(two), '2 of 5');
  assert.deepEqual(overSettled([...on(2, 10), ...on(1.5, 4, 2)]), { values: [10, 4, 2], median: 4, settled: 1, runs: 3 });
});

test('the probe counts cores', async () => {
  const cores = await settle();
  assert.ok(cores > 0 && cores <= 2.01, `${cores} cores`);
});
