import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '#src/base/clock.js';
import { MillraceError } from '#src/base/errors.js';
import type { CalcConfig } from '#src/contract/nodes.js';
import { flatten } from '#src/types/leaf.js';
import { BIGINT, BOOLEAN, DATE, INT, ROW, STRING, TIMESTAMP, TIMESTAMP_LTZ } from '#src/types/logical.js';
import { calc, calcOperator, call, col, leavesOf, lit, makeBatch, openOperator, type Value } from '../wasm/support.js';

const config = (c: Partial<CalcConfig>): CalcConfig => ({ project: [], timeZone: 'UTC', ...c });

test('a plain column is the input column itself', () => {
  const leaves = leavesOf([INT(), STRING()]);
  const run = openOperator(calcOperator, config({ project: [col(1, STRING()), col(0, INT())] }), leaves, leavesOf([STRING(), INT()]));
  const batch = makeBatch(run.engine, leaves, [
    [1, 'a'],
    [null, 'b'],
  ]);
  run.op.processBatch(batch, 0);
  const out = run.last();
  const seen = [out.values(0), out.values(1), out.validity(1), out.sel, out.markCount];
  assert.deepEqual(seen, [batch.values(1), batch.values(0), batch.validity(0), batch.sel, 0]);
});

test('a ROW takes its fields along', () => {
  const row = ROW([
    { name: 'id', type: BIGINT() },
    { name: 'name', type: STRING() },
  ]);
  const input = flatten({
    fields: [
      { name: 'x', type: INT() },
      { name: 'p', type: row },
    ],
  });
  const output = flatten({
    fields: [
      { name: 'p', type: row },
      { name: 'y', type: INT() },
      { name: 'n', type: BOOLEAN() },
    ],
  });
  const project = [col(1, row), call('add', INT(), col(0, INT()), lit(1, INT(false))), call('isNull', BOOLEAN(), col(1, row))];
  const run = openOperator(calcOperator, config({ project }), input, output);
  const batch = makeBatch(run.engine, input, [
    [1, 1, 7n, 'seven'],
    [2, null, null, null],
  ]);
  run.op.processBatch(batch, 0);
  assert.deepEqual(
    run.emissions[0].rows.map((r) => r.values.slice(1)),
    [
      [7n, 'seven', 2, false],
      [null, null, 3, true],
    ],
  );
});

test('marks, kinds, times and the split pass on, also when no row is left', () => {
  const leaves = leavesOf([INT()]);
  const run = openOperator(
    calcOperator,
    config({ filter: call('gt', BOOLEAN(), col(0, INT()), lit(10, INT(false))), project: [col(0, INT())] }),
    leaves,
    leaves,
  );
  const batch = makeBatch(run.engine, leaves, [[1], [2]]);
  batch.markCount = 1;
  run.engine.u32[batch.marks >> 2] = 1;
  run.engine.i64[(batch.marks + 8) >> 3] = 77n;
  run.op.processBatch(batch, 0);
  assert.deepEqual(run.emissions, [{ rows: [], marks: [{ afterRow: 1, watermark: 77n }] }]);
});

function failing(c: CalcConfig, types: Parameters<typeof leavesOf>[0], rows: Value[][]): { error: MillraceError; rows: number[] } {
  const leaves = leavesOf(types);
  const run = openOperator(calcOperator, c, leaves, leavesOf(c.project.map((p) => p.type)));
  let error: unknown;
  try {
    run.op.processBatch(makeBatch(run.engine, leaves, rows), 0);
  } catch (e) {
    error = e;
  }
  assert.ok(error instanceof MillraceError);
  return { error, rows: (run.emissions[0]?.rows ?? []).map((r) => r.row) };
}

test('a CAST that fails names the operator and the value; rows before it leave', () => {
  const c = config({ project: [call('cast', INT(), col(0, STRING()))] });
  const { error, rows } = failing(c, [STRING()], [['1'], ['2'], ['zwölf'], ['4']]);
  assert.equal(error.code, 'CAST_FAILED');
  assert.equal(error.place.operator, 'test');
  assert.match(error.message, /'zwölf'\n {2}in CAST\(c0 AS INT\), where c0 = 'zwölf'\n/);
  assert.deepEqual(rows, [0, 1]);
});

test('a division by zero in the filter, and one that a condition guards', () => {
  const divide = call('div', INT(), lit(10, INT(false)), col(0, INT()));
  const big = call('gt', BOOLEAN(), divide, lit(1, INT(false)));
  const { error, rows } = failing(config({ filter: big, project: [col(0, INT())] }), [INT()], [[5], [null], [20], [0], [1]]);
  assert.equal(error.code, 'DIVISION_BY_ZERO');
  assert.deepEqual(rows, [0]);
  const guarded = call('and', BOOLEAN(), call('ne', BOOLEAN(), col(0, INT()), lit(0, INT(false))), big);
  assert.deepEqual(
    calc({ filter: guarded, project: [] }, [INT()], [[5], [0], [20]]).rows.map((r) => r.row),
    [0],
  );
});

test('a row that the filter drops is never projected', () => {
  const out = calc(
    { filter: call('like', BOOLEAN(), col(0, STRING()), lit('1%', STRING(false))), project: [call('cast', INT(), col(0, STRING()))] },
    [STRING()],
    [['x'], ['12'], [null], ['y'], ['1']],
  );
  assert.deepEqual(out.rows, [
    { row: 1, values: [12] },
    { row: 4, values: [1] },
  ]);
});

test('now is the clock that was passed in', () => {
  const clock = new ManualClock(Date.UTC(2024, 2, 31, 0, 30));
  const out = calc(
    {
      project: [
        call('currentTimestamp', TIMESTAMP_LTZ(3, false)),
        call('proctime', TIMESTAMP_LTZ(3, false)),
        call('localTimestamp', TIMESTAMP(3, false)),
        call('currentDate', DATE(false)),
      ],
      timeZone: 'America/New_York',
    },
    [INT()],
    [[1]],
    clock,
  );
  const now = BigInt(clock.nowMs());
  assert.deepEqual(out.rows[0].values, [now, now, now - 14400000n, 19812]);
});

test('now is read once for each record, and all expressions of a record see it', () => {
  const clock = new (class extends ManualClock {
    override nowMs(): number {
      this.advanceMs(1);
      return super.nowMs();
    }
  })(1_700_000_000_000);
  const now = call('currentTimestamp', TIMESTAMP_LTZ(3, false));
  const filter = call('ne', BOOLEAN(), call('extract', BIGINT(), lit('MILLISECOND', STRING(false)), now), lit(2n, BIGINT(false)));
  const out = calc({ filter, project: [now, now, call('proctime', TIMESTAMP_LTZ(3, false))] }, [INT()], [[1], [2], [3]], clock);
  const first = 1_700_000_000_001n;
  assert.deepEqual(
    out.rows.map((r) => r.values),
    [
      [first, first, first],
      [first + 2n, first + 2n, first + 2n],
    ],
  );
});

test('batches larger than usual, one after the other', () => {
  const leaves = leavesOf([INT()]);
  const run = openOperator(calcOperator, config({ project: [call('mul', INT(), col(0, INT()), lit(2, INT(false)))] }), leaves, leaves);
  for (const n of [3, 5000, 10, 9000]) {
    const rows = Array.from({ length: n }, (_, i) => [i % 7 === 0 ? null : i] as Value[]);
    run.op.processBatch(makeBatch(run.engine, leaves, rows, n), 0);
    assert.deepEqual(
      run.emissions.pop()?.rows.map((r) => r.values[0]),
      rows.map(([v]) => (v === null ? null : Number(v) * 2)),
    );
  }
});

test('CURRENT_WATERMARK is that of the marks before the row, over batches', () => {
  const T = TIMESTAMP(3);
  const leaves = leavesOf([INT()]);
  const run = openOperator(calcOperator, config({ project: [call('currentWatermark', T)] }), leaves, leavesOf([T]));
  const feed = (marks: [number, bigint][]): Value[] => {
    const batch = makeBatch(run.engine, leaves, [[1], [2], [3]]);
    batch.markCount = marks.length;
    marks.forEach(([row, watermark], i) => {
      run.engine.u32[(batch.marks >> 2) + 4 * i] = row;
      run.engine.i64[(batch.marks >> 3) + 2 * i + 1] = watermark;
    });
    run.op.processBatch(batch, 0);
    return run.emissions.pop()?.rows.map((r) => r.values[0]) ?? [];
  };
  assert.deepEqual(feed([]), [null, null, null]);
  assert.deepEqual(
    feed([
      [0, 10n],
      [1, 20n],
    ]),
    [null, 10n, 20n],
  );
  assert.deepEqual(feed([[2, 30n]]), [20n, 20n, 20n]);
  assert.deepEqual(feed([[0xffffffff, 40n]]), [40n, 40n, 40n]);
});
