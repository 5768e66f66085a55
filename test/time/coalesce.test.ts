import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WatermarkCoalescer } from '#src/time/coalesce.js';

test('the minimum of all inputs, never going back', () => {
  const v = new WatermarkCoalescer(2);
  assert.deepEqual(v.watermark(0, 10n), {});
  assert.deepEqual(v.watermark(1, 5n), { watermark: 5n });
  assert.deepEqual(v.watermark(1, 4n), {});
  assert.deepEqual(v.watermark(1, 20n), { watermark: 10n });
});

test('an idle input does not hold back the others; all idle is idle', () => {
  const v = new WatermarkCoalescer(2);
  v.watermark(0, 10n);
  assert.deepEqual(v.markIdle(1), { watermark: 10n });
  assert.deepEqual(v.watermark(1, 50n), {});
  assert.deepEqual(v.markIdle(0), { status: 'idle' });
  assert.equal(v.idle, true);
  assert.deepEqual(v.markActive(0), { status: 'active' });
  assert.deepEqual(v.watermark(0, 11n), { watermark: 11n });
});

test('an input that wakes up behind the output is left out until it has caught up', () => {
  const v = new WatermarkCoalescer(2);
  v.watermark(0, 10n);
  v.watermark(1, 3n);
  v.markIdle(1);
  assert.equal(v.current, 10n);
  assert.deepEqual(v.markActive(1), {});
  assert.deepEqual(v.watermark(1, 5n), {});
  assert.deepEqual(v.watermark(0, 12n), { watermark: 12n });
  assert.deepEqual(v.watermark(1, 12n), {});
  assert.deepEqual(v.watermark(0, 20n), {});
  assert.deepEqual(v.watermark(1, 15n), { watermark: 15n });
});

test('when the input that held the others back goes idle last, the highest watermark is said first', () => {
  const v = new WatermarkCoalescer(2);
  v.watermark(0, 10n);
  v.watermark(1, 3n);
  assert.deepEqual(v.markIdle(0), {});
  assert.deepEqual(v.markIdle(1), { watermark: 10n, status: 'idle' });
});
