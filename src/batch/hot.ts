import type { Engine } from '../wasm/engine.js';
import type { Batch } from './batch.js';
import type { KeyHasher } from './hash.js';

/** One row in so many is looked at. */
const STRIDE = 128;
/** Samples after which shares are judged: a key with an eighth of the rows then has 32 of them, give or take 10. */
const SAMPLES = 256;
const SAMPLES_OF_ONE_BATCH = 512;
/** Keys with less than this share are never hot, however many subtasks there are: samples are too few to tell. */
const SHARE_MIN = 1 / 32;

/**
 * Finds the keys that have a large share of the rows, by sampling hashes. One subtask of p that gets a key with a share s of all rows does
 * 1 + s(p - 1) times its part; hot is what would cost an eighth: twice as much goes unnoticed by nobody.
 */
export class HotKeys {
  readonly #engine: Engine;
  readonly #hasher: KeyHasher;
  readonly #shareMin: number;
  readonly #restRows: number;
  readonly #sel: number;
  readonly #hashes: number;
  readonly #counts = new Map<number, number>();
  #samples = 0;
  /** rows to leave out before the next sample */
  #skip = 0;
  /** hashes of hot keys, the hottest first, and the share of that one, as of the last judgement */
  hot: readonly number[] = [];
  share = 0;

  /** `receivers`: subtasks that the keys are spread over. `restRows`: rows that are left out after a judgement that found no hot key. */
  constructor(engine: Engine, hasher: KeyHasher, receivers: number, restRows = 0) {
    this.#restRows = restRows;
    this.#engine = engine;
    this.#hasher = hasher;
    this.#shareMin = Math.max(SHARE_MIN, 1 / (8 * Math.max(1, receivers - 1)));
    this.#sel = engine.alloc(SAMPLES_OF_ONE_BATCH * 4);
    this.#hashes = engine.alloc(SAMPLES_OF_ONE_BATCH * 4);
  }

  /** Looks at some of the selected rows. True when it has judged anew. */
  sample(batch: Batch): boolean {
    const { sel, selCount } = batch;
    if (this.#skip >= selCount) {
      this.#skip -= selCount;
      return false;
    }
    const { u32 } = this.#engine;
    let n = 0;
    let k = this.#skip;
    for (; k < selCount && n < SAMPLES_OF_ONE_BATCH; k += STRIDE) u32[(this.#sel >>> 2) + n++] = u32[(sel >>> 2) + k];
    this.#skip = Math.max(0, k - selCount);
    batch.sel = this.#sel;
    batch.selCount = n;
    this.#hasher.hash(batch, this.#hashes);
    batch.sel = sel;
    batch.selCount = selCount;
    const hashes = this.#engine.u32;
    for (let i = 0; i < n; i++) {
      const hash = hashes[(this.#hashes >>> 2) + i];
      this.#counts.set(hash, (this.#counts.get(hash) ?? 0) + 1);
    }
    this.#samples += n;
    if (this.#samples < SAMPLES) return false;
    this.#judge();
    return true;
  }

  #judge(): void {
    const least = this.#shareMin * this.#samples;
    const found = [...this.#counts].filter(([, count]) => count >= least).sort((a, b) => b[1] - a[1]);
    this.hot = found.map(([hash]) => hash);
    this.share = found.length === 0 ? 0 : found[0][1] / this.#samples;
    if (found.length === 0) this.#skip += this.#restRows;
    this.#counts.clear();
    this.#samples = 0;
  }

  close(): void {
    this.#engine.free(this.#sel, SAMPLES_OF_ONE_BATCH * 4);
    this.#engine.free(this.#hashes, SAMPLES_OF_ONE_BATCH * 4);
  }
}
