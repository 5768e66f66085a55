import type { MetricGroup } from '../base/metrics.js';
import type { Batch } from '../batch/batch.js';
import { KeyHasher } from '../batch/hash.js';
import { HotKeys } from '../batch/hot.js';
import { createReader } from '../batch/rows.js';
import type { Leaf } from '../types/leaf.js';
import type { Engine } from '../wasm/engine.js';

/** A key that makes its receiver do a quarter more than its part costs the job a fifth of its speed: that is worth a word. */
const EXCESS_MIN = 1 / 4;
/** Judgements in a row that must say so. */
const JUDGEMENTS = 2;
/** Rows not looked at after no key was found hot: a judgement takes 32,768 rows, and looking at every row's part costs 3 % of a fast job. */
const REST_ROWS = 8 << 15;

/** Says a thing about an operator; whoever listens says it once. */
export type Warn = (about: string, text: string) => void;

/** Watches the rows that one subtask sends by key, and reports a key that has too many of them: metric `hotKeyShare`, and a warning. */
export class HotKeyWatch {
  readonly #engine: Engine;
  readonly #leaves: readonly Leaf[];
  readonly #keys: readonly number[];
  readonly #hasher: KeyHasher;
  readonly #hot: HotKeys;
  readonly #receivers: number;
  readonly #receiver: string;
  readonly #warn: Warn;
  #times = 0;
  #said = false;

  constructor(engine: Engine, leaves: readonly Leaf[], keys: readonly number[], receivers: number, receiver: string, metrics: MetricGroup, warn: Warn) {
    this.#engine = engine;
    this.#leaves = leaves;
    this.#keys = keys;
    this.#hasher = new KeyHasher(engine, leaves, keys);
    this.#hot = new HotKeys(engine, this.#hasher, receivers, REST_ROWS);
    this.#receivers = receivers;
    this.#receiver = receiver;
    this.#warn = warn;
    metrics.gauge('hotKeyShare', () => this.#hot.share);
  }

  batch(batch: Batch): void {
    if (!this.#hot.sample(batch) || this.#said) return;
    this.#times = this.#hot.share * (this.#receivers - 1) >= EXCESS_MIN ? this.#times + 1 : 0;
    if (this.#times >= JUDGEMENTS) this.#say(batch);
  }

  /** Once in a subtask's life: finds a row of the hottest key in this batch, or waits for the next judgement. */
  #say(batch: Batch): void {
    const hashes = this.#engine.alloc(batch.selCount * 4);
    this.#hasher.hash(batch, hashes);
    const { u32 } = this.#engine;
    const k = u32.subarray(hashes >>> 2, (hashes >>> 2) + batch.selCount).indexOf(this.#hot.hot[0]);
    this.#engine.free(hashes, batch.selCount * 4);
    if (k < 0) return;
    this.#said = true;
    const percent = Math.round(100 * this.#hot.share);
    this.#warn(
      this.#receiver,
      `about ${percent} % of the rows for '${this.#receiver}' have ${this.#keyText(batch, u32[(batch.sel >>> 2) + k])}: one of its ${this.#receivers} subtasks gets them all, and the ` +
        'others wait for it. Its work cannot be split by rows of one key: group by a finer key first, or leave such rows out.',
    );
  }

  #keyText(batch: Batch, row: number): string {
    const reader = createReader(this.#leaves);
    reader.bind(batch);
    const object = reader.object(row);
    const text = this.#keys.map((key) => {
      const { path } = this.#leaves[key];
      const value = path.reduce<unknown>((o, name) => (o as Record<string, unknown> | null)?.[name] ?? null, object);
      return `${path.join('.')} = ${typeof value === 'string' ? `'${value}'` : String(value)}`;
    });
    reader.release();
    return text.join(', ');
  }
}
