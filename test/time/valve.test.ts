import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StatusWatermarkValve } from '#src/time/valve.js';

test('the minimum of all inputs, never going back', () => {
  const v = new StatusWatermarkValve(2);
  assert.equal(v.advance(0, 10n), undefined);
  assert.equal(v.advance(1, 5n), 5n);
  assert.equal(v.advance(1, 4n), undefined);
  assert.equal(v.advance(1, 20n), 10n);
});

test('an idle input does not hold back the others; all idle is idle', () => {
  const v = new StatusWatermarkValve(2);
  v.advance(0, 10n);
  assert.equal(v.idle(1).watermark, 10n);
  assert.equal(v.advance(1, 50n), undefined);
  assert.equal(v.idle(0).idle, true);
  assert.equal(v.active(0).idle, false);
  assert.equal(v.advance(0, 11n), 11n);
});

test('an input that wakes up behind the output is left out until it has caught up', () => {
  const v = new StatusWatermarkValve(2);
  v.advance(0, 10n);
  v.advance(1, 3n);
  assert.equal(v.idle(1).watermark, 10n);
  assert.deepEqual(v.active(1), {});
  assert.equal(v.advance(1, 5n), undefined);
  assert.equal(v.advance(0, 12n), 12n);
  assert.equal(v.advance(1, 12n), undefined);
  assert.equal(v.advance(0, 20n), undefined);
  assert.equal(v.advance(1, 15n), 15n);
});

test('when the input that held the others back goes idle last, the highest watermark is said first', () => {
  const v = new StatusWatermarkValve(2);
  v.advance(0, 10n);
  v.advance(1, 3n);
  assert.equal(v.idle(0).watermark, undefined);
  assert.deepEqual(v.idle(1), { idle: true, watermark: 10n });
});
