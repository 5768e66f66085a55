import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '#src/base/clock.js';
import type { MillraceError } from '#src/base/errors.js';
import { MetricGroup } from '#src/base/metrics.js';
import { allocBatch, type Batch } from '#src/batch/batch.js';
import type { OperatorContext } from '#src/contract/operator.js';
import type { SinkWriter } from '#src/contract/sink.js';
import type { Connector } from '#src/contract/source.js';
import { SinkOperator } from '#src/sink/operator.js';
import { flatten } from '#src/types/leaf.js';
import { INT, type Schema } from '#src/types/logical.js';
import { Engine } from '#src/wasm/engine.js';

const schema: Schema = {
  fields: [
    { name: 'id', type: INT(false) },
    { name: 'n', type: INT() },
  ],
};
const leaves = flatten(schema);

function open(writer: SinkWriter, options: Record<string, string> = {}) {
  const engine = new Engine();
  const clock = new ManualClock(1000);
  const timers: number[] = [];
  const metrics = new MetricGroup();
  const connector: Connector = { name: 'test', formats: 'none', createWriter: () => writer };
  const ctx: OperatorContext = {
    engine,
    clock,
    metrics,
    options,
    inputs: [leaves],
    output: [],
    emitted: {},
    name: 'sink',
    subtaskIndex: 0,
    parallelism: 1,
    maxParallelism: 128,
    closures: [],
    out: { emit: () => undefined, emitSide: () => undefined },
    registerProcessingTimer: (at) => void timers.push(at),
    hold: () => undefined,
  };
  const config = { sink: { connector: 'test', tableName: 'out', options: {}, schema, metadata: [undefined, undefined], partitionKeys: [], primaryKey: [] } };
  const operator = new SinkOperator(config, { connector, plan: {}, runId: 'r' }, ctx);
  operator.open();
  const batch = allocBatch(engine, leaves);
  const send = (ids: readonly (number | null)[], selected?: readonly number[]) => {
    batch.clear();
    ids.forEach((id, r) => {
      if (id !== null) batch.setPresent(0, r);
      engine.i32[(batch.values(0) >> 2) + r] = id ?? 0;
    });
    batch.selectAll(ids.length);
    if (selected !== undefined) {
      engine.u32.set(selected, batch.sel >> 2);
      batch.selCount = selected.length;
    }
    return operator.processBatch(batch);
  };
  return { operator, send, batch, timers, metrics, clock };
}

function collector(): SinkWriter & { ids: number[] } {
  const ids: number[] = [];
  return {
    ids,
    write(batch: Batch) {
      for (let i = 0; i < batch.selCount; i++) ids.push(batch.engine.i32[(batch.values(0) >> 2) + batch.engine.u32[(batch.sel >> 2) + i]]);
    },
    finish: () => false,
  };
}

test('a NULL for a NOT NULL column fails with the column, only when its row is selected', () => {
  const writer = collector();
  const { send } = open(writer);
  const many = Array.from({ length: 70 }, (_, i) => i);
  send(many);
  send([1, null, 3], [0, 2]);
  assert.deepEqual(writer.ids, [...many, 1, 3]);
  for (const ids of [[null], [...many, null], [...many.slice(0, 63), null], [null, ...many.slice(0, 31)]]) {
    assert.throws(
      () => send(ids),
      (e: MillraceError) => e.code === 'NOT_NULL_VIOLATION' && /'id'/.test(e.message) && /not-null-enforcer/.test(e.remedy),
    );
  }
});

test('DROP leaves such rows out and counts them; the batch of other receivers stays as it was', () => {
  const writer = collector();
  const { send, batch, metrics } = open(writer, { 'table.exec.sink.not-null-enforcer': 'DROP' });
  send([1, null, 3, null]);
  assert.deepEqual(writer.ids, [1, 3]);
  assert.equal(batch.selCount, 4);
  assert.equal(batch.engine.u32[(batch.sel >> 2) + 1], 1);
  assert.equal(metrics.counter('numRecordsDroppedByNotNull').value, 2);
});

test('flushes by processing time, after every batch when the buffer timeout is 0', () => {
  let flushes = 0;
  const writer: SinkWriter = { write: () => undefined, finish: () => false, flush: () => void flushes++ };
  const slow = open(writer, { 'execution.buffer-timeout.interval': '20 ms' });
  assert.deepEqual(slow.timers, [1020]);
  slow.send([1]);
  assert.equal(flushes, 0);
  slow.clock.advanceMs(20);
  slow.operator.processProcessingTime();
  assert.equal(flushes, 1);
  assert.deepEqual(slow.timers, [1020, 1040]);
  open(writer, { 'execution.buffer-timeout.interval': '0 ms' }).send([1]);
  assert.equal(flushes, 2);
});

test('owed rows are resumed, and the end is done when the writer is', () => {
  const answers = { resume: [true, false], finish: [true, true, false] };
  const writer: SinkWriter = { write: () => true, resume: () => answers.resume.shift()!, finish: () => answers.finish.shift()! };
  const { operator, send } = open(writer);
  assert.equal(send([1]), true);
  assert.deepEqual([operator.resume(), operator.resume()], [true, false]);
  assert.deepEqual([operator.finish(), operator.resume(), operator.resume()], [true, true, false]);
});
