import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { offsetReader, toLocalMs, toUtcMs, zoneTable } from '#src/time/zone.js';
import type { Expr } from '#src/types/expr.js';
import { TIMESTAMP, TIMESTAMP_LTZ } from '#src/types/logical.js';
import { calc, call, col, type Value } from '../wasm/support.js';

const ZONES = ['Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Africa/Casablanca', 'Australia/Lord_Howe', 'Pacific/Apia'];
const anyMs = fc.integer({ min: Date.UTC(1885, 0, 1), max: Date.UTC(2099, 0, 1) });

for (const zone of ZONES) {
  const table = zoneTable(zone);
  const offsetAt = offsetReader(zone);

  test(`${zone}: offsets are those of Intl, in the table and in the kernel`, () => {
    const toLocal: Expr = call('cast', TIMESTAMP(3), col(0, TIMESTAMP_LTZ(3)));
    fc.assert(
      fc.property(fc.array(anyMs, { minLength: 1, maxLength: 50 }), (times) => {
        for (const t of times) assert.equal(toLocalMs(table, t) - t, offsetAt(t));
        const out = calc(
          { project: [toLocal], timeZone: zone },
          [TIMESTAMP_LTZ(3)],
          times.map((t) => [BigInt(t)]),
        );
        assert.deepEqual(
          out.rows.map((r) => r.values[0]),
          times.map((t) => BigInt(t + offsetAt(t))),
        );
      }),
      { numRuns: 10 },
    );
  });

  test(`${zone}: local times map back, gaps move on and overlaps are the earlier time`, () => {
    const toUtc: Expr = call('cast', TIMESTAMP_LTZ(3), col(0, TIMESTAMP(3)));
    const around = fc.constantFrom(...(table?.startMs.slice(1) ?? [])).chain((s) => fc.integer({ min: -2 * 3600000, max: 2 * 3600000 }).map((d) => s + d));
    fc.assert(
      fc.property(fc.array(fc.oneof(anyMs, around), { minLength: 1, maxLength: 50 }), (times) => {
        const expected = times.map((local) => {
          // Java's atZone: valid offsets are those that map back; the earlier instant first; in a gap the offset before it
          const valid = [-1, 1].map((d) => offsetAt(local + d * 26 * 3600000)).flatMap((o) => (offsetAt(local - o) === o ? [local - o] : []));
          return valid.length > 0 ? Math.min(...valid) : undefined;
        });
        const out = calc(
          { project: [toUtc], timeZone: zone },
          [TIMESTAMP(3)],
          times.map((t) => [BigInt(t)]),
        );
        times.forEach((local, i) => {
          const got = Number(out.rows[i].values[0]);
          assert.equal(got, toUtcMs(table, local));
          // two changes within two days are rare and beyond this model
          if (expected[i] !== undefined && got !== expected[i]) assert.equal(got + offsetAt(got), local);
        });
      }),
      { numRuns: 10 },
    );
  });
}

test('the edges of every change of offset', () => {
  for (const zone of ZONES) {
    const table = zoneTable(zone)!;
    const rows: Value[][] = [];
    const expected: bigint[] = [];
    for (let i = 1; i < table.startMs.length; i++) {
      const at = table.startMs[i];
      const [before, after] = [table.offsetMs[i - 1], table.offsetMs[i]];
      // the last local time before, and the first one that is surely after
      rows.push([BigInt(at - 1 + before)], [BigInt(at + Math.max(before, after))]);
      expected.push(BigInt(at - 1), BigInt(at + Math.max(before, after) - after));
    }
    const out = calc({ project: [call('cast', TIMESTAMP_LTZ(3), col(0, TIMESTAMP(3)))], timeZone: zone }, [TIMESTAMP(3)], rows);
    assert.deepEqual(
      out.rows.map((r) => r.values[0]),
      expected,
    );
  }
});

test('the gap and the overlap of Berlin, as Java resolves them', () => {
  const table = zoneTable('Europe/Berlin');
  assert.equal(toUtcMs(table, Date.UTC(2024, 2, 31, 2, 30)), Date.UTC(2024, 2, 31, 1, 30));
  assert.equal(toUtcMs(table, Date.UTC(2024, 9, 27, 2, 30)), Date.UTC(2024, 9, 27, 0, 30));
});

test('fixed offsets, UTC and unknown names', () => {
  assert.equal(zoneTable('UTC'), undefined);
  assert.equal(zoneTable('Etc/UTC'), undefined);
  assert.deepEqual(zoneTable('GMT-05:30')?.offsetMs, [-19800000]);
  assert.deepEqual(zoneTable('+08:00')?.offsetMs, [28800000]);
  assert.throws(() => zoneTable('Mars/Base'), /INVALID_OPTION|not a time zone/);
});
