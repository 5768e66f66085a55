import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createBuilder } from '#src/batch/builder.js';
import type { Batch } from '#src/batch/batch.js';
import type { Operator } from '#src/contract/operator.js';
import type { ExchangeWriter } from '#src/exchange/writer.js';
import { ChainedOperator } from '#src/task/chain.js';
import type { OpPlan } from '#src/task/plan.js';
import { flatten } from '#src/types/leaf.js';
import { BIGINT } from '#src/types/logical.js';
import { Engine } from '#src/wasm/engine.js';

const leaves = flatten({ fields: [{ name: 'n', type: BIGINT() }] });
const plan = (name: string): OpPlan => ({ nodeId: 0, uid: name, name, kind: 'test', config: undefined, inputs: [leaves], output: leaves, targets: [] });

/** Writes down what it gets; owes `owes` pieces of output after every call. */
class Recorder implements Operator {
  readonly got: (number | bigint)[] = [];
  readonly watermarkMatters: ((watermark: bigint) => boolean) | undefined;
  readonly #owes: number;
  #left = 0;
  constructor(matters: ((watermark: bigint) => boolean) | undefined, owes: number) {
    this.watermarkMatters = matters;
    this.#owes = owes;
  }
  processBatch(batch: Batch): boolean {
    assert.equal(this.#left, 0, 'what is owed comes first');
    for (let i = 0; i < batch.selCount; i++) this.got.push(batch.engine.u32[(batch.sel >>> 2) + i]);
    this.#left = this.#owes;
    return this.#left > 0;
  }
  processWatermark(watermark: bigint): boolean {
    assert.equal(this.#left, 0, 'what is owed comes first');
    this.got.push(watermark);
    this.#left = this.#owes;
    return this.#left > 0;
  }
  resume(): boolean {
    return --this.#left > 0;
  }
}

test('rows and watermarks reach an operator in order; watermarks that change nothing are left out, but the last of a batch comes behind its rows', () => {
  const row = fc.record({ selected: fc.boolean(), marks: fc.nat({ max: 2 }) });
  const engine = new Engine();
  const builder = createBuilder(engine, leaves);
  fc.assert(
    fc.property(
      fc.array(row, { minLength: 1, maxLength: 20 }),
      fc.constantFrom(undefined, 1, 4, 1000),
      fc.nat({ max: 2 }),
      fc.nat({ max: 2 }),
      (rows, step, owes, childOwes) => {
        builder.clear();
        for (const _ of rows) builder.append({ n: 0n });
        const batch = builder.finish();
        let selected = 0;
        let marks = 0;
        const events: (number | bigint)[] = [];
        rows.forEach((r, i) => {
          if (r.selected) {
            engine.u32[(batch.sel >>> 2) + selected++] = i;
            events.push(i);
          }
          for (let k = 0; k < r.marks; k++) {
            engine.u32[(batch.marks + 16 * marks) >>> 2] = i;
            engine.i64[(batch.marks + 16 * marks + 8) >>> 3] = BigInt(++marks);
            events.push(BigInt(marks));
          }
        });
        batch.selCount = selected;
        batch.markCount = marks;
        // a watermark matters when it passes a multiple of the step that none before it had passed
        let passed = 0n;
        const floor = (w: bigint): bigint => (step === undefined ? w : w / BigInt(step));
        const want: (number | bigint)[] = [];
        for (const e of events) {
          if (typeof e === 'number') want.push(e);
          else if (step === undefined || floor(e) > passed) {
            want.push(e);
            passed = floor(e);
          }
        }
        if (marks > 0 && !want.includes(BigInt(marks))) want.push(BigInt(marks));

        const head = new ChainedOperator(plan('head'), true);
        const child = new ChainedOperator(plan('child'), false);
        head.addChild(undefined, { op: child, input: 0 });
        const below = new Recorder(undefined, childOwes);
        child.operator = below;
        const given: Recorder = new Recorder(
          step === undefined ? undefined : (w) => floor(w) > given.got.reduce((m, e) => (typeof e === 'bigint' && floor(e) > m ? floor(e) : m), 0n),
          owes,
        );
        head.operator = given;
        head.deliver(batch, 0);
        for (;;) {
          const op = [child, head].find((o) => o.pending.length > 0);
          if (op === undefined) break;
          op.runOne();
        }
        assert.deepEqual(given.got, want);
        assert.deepEqual(
          below.got,
          want.filter((e) => typeof e === 'bigint'),
          'watermarks go on',
        );
        assert.deepEqual([batch.selCount, batch.markCount], [selected, marks], 'the header is as it came');
      },
    ),
    { numRuns: 300 },
  );
});

test('a watermark that ends windows leaves at once behind their results; others wait for their buffer', () => {
  const engine = new Engine();
  const did: string[] = [];
  const writer = {
    batch: (b: Batch) => did.push(`${b.selCount} rows`),
    watermark: (w: bigint) => did.push(`watermark ${w}`),
    hasten: () => did.push('hasten'),
  };
  const op = new ChainedOperator(plan('window'), true);
  op.addEdge(undefined, { writer: writer as unknown as ExchangeWriter });
  const builder = createBuilder(engine, leaves);
  builder.append({ n: 0n });
  const result = builder.finish();
  op.operator = {
    processBatch: () => false,
    watermarkMatters: (w) => w % 10n === 0n,
    processWatermark: (w) => w % 20n === 0n,
    resume: () => {
      op.emit(result);
      return false;
    },
  };
  for (const w of [9n, 10n, 19n, 20n]) {
    op.watermark(w);
    op.drain();
  }
  assert.deepEqual(did, ['watermark 9', 'watermark 10', 'hasten', 'watermark 19', '1 rows', 'watermark 20', 'hasten']);
});

test('an operator that wants the last watermark only gets the whole batch before it', () => {
  const engine = new Engine();
  const builder = createBuilder(engine, leaves);
  for (let i = 0; i < 5; i++) builder.append({ n: 0n });
  const batch = builder.finish();
  [0, 2, 4].forEach((row, k) => {
    engine.u32[(batch.marks + 16 * k) >>> 2] = row;
    engine.i64[(batch.marks + 16 * k + 8) >>> 3] = BigInt(10 * (k + 1));
  });
  batch.markCount = 3;
  const op = new ChainedOperator(plan('local'), true);
  const recorder = new Recorder(() => true, 0);
  op.operator = Object.assign(recorder, { readsMarks: true });
  op.deliver(batch, 0);
  assert.deepEqual(recorder.got, [0, 1, 2, 3, 4, 30n]);
});
