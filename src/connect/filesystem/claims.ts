import type { CsvFraming } from '../../format/csv.js';
import type { InputFile } from './listing.js';

/** What every reader gets of the plan: the files, cut into units in file order. */
export interface FilePlan {
  readonly files: readonly InputFile[];
  /** bytes of a block */
  readonly blockBytes: number;
  /** units a reader may claim ahead of the slowest one */
  readonly aheadMax: number;
  /** files are cut into blocks that several readers claim */
  readonly blocks: boolean;
  /** a record may hold newlines inside quotes: how its end is found; undefined = every newline ends a record */
  readonly framing: CsvFraming | undefined;
  readonly parallelism: number;
  /** readers continue an earlier run: none claims before all have said what was read */
  readonly restored: boolean;
}

/**
 * A unit is what one reader claims at a time: a line-aligned block of a file, or a whole file where files are not cut
 * (order matters, records may span lines, gzip). Units are numbered in file order.
 */
export class Units {
  /** unit number of each file's first unit, and the total at the end */
  readonly first: Int32Array;
  readonly plan: FilePlan;

  constructor(plan: FilePlan) {
    this.plan = plan;
    this.first = new Int32Array(plan.files.length + 1);
    for (let f = 0; f < plan.files.length; f++) this.first[f + 1] = this.first[f] + this.#unitsOf(plan.files[f]);
  }

  get total(): number {
    return this.first[this.plan.files.length];
  }

  #unitsOf(file: InputFile): number {
    return this.plan.blocks && file.compression === 'none' ? Math.max(1, Math.ceil(file.bytes / this.plan.blockBytes)) : 1;
  }

  /** The file a unit belongs to. */
  fileOf(unit: number): number {
    let low = 0;
    let high = this.plan.files.length - 1;
    while (low < high) {
      const mid = (low + high + 1) >> 1;
      if (this.first[mid] <= unit) low = mid;
      else high = mid - 1;
    }
    return low;
  }

  /** Bytes [start, end) of a unit: lines that start there belong to it. A gzip unit's bytes are those it inflates to. */
  start(unit: number, file: number): number {
    return this.#cut(file) ? (unit - this.first[file]) * this.plan.blockBytes : 0;
  }
  end(unit: number, file: number): number {
    const f = this.plan.files[file];
    if (f.compression !== 'none') return Number.POSITIVE_INFINITY;
    return this.#cut(file) && unit + 1 < this.first[file + 1] ? (unit + 1 - this.first[file]) * this.plan.blockBytes : f.bytes;
  }
  #cut(file: number): boolean {
    return this.plan.blocks && this.plan.files[file].compression === 'none';
  }

  /** The reader that gets the frames of a gzip file: one that exists even when the job caps the parallelism at the number of units. */
  frameOwner(file: number): number {
    return file % Math.max(1, Math.min(this.plan.parallelism, this.total));
  }
}

const NEXT = 0;
const OPENED = 1;
const HELD = 2;
/** a reader that holds no block */
const NONE = 0x7fffffff;

/**
 * The claim counter that all readers of one source share: Int32 words { next unit, readers opened, unit held by each reader },
 * a bit per unit that earlier runs have read or hold, and for each file an i64 position (inflated bytes already read of a gzip file).
 */
export class Claims {
  readonly #words: Int32Array;
  readonly #bits: Int32Array;
  readonly #skip: BigInt64Array;
  readonly #units: Units;
  readonly #readers: number;

  static bytes(units: Units): number {
    return Claims.#skipAt(units) + 8 * units.plan.files.length;
  }
  static #skipAt(units: Units): number {
    return ((HELD + units.plan.parallelism + ((units.total + 31) >> 5)) * 4 + 7) & ~7;
  }

  /** Fresh shared memory for a plan. */
  static create(units: Units): SharedArrayBuffer {
    const shared = new SharedArrayBuffer(Claims.bytes(units));
    new Int32Array(shared, HELD * 4, units.plan.parallelism).fill(NONE);
    return shared;
  }

  constructor(shared: SharedArrayBuffer, units: Units, readers: number) {
    this.#readers = readers;
    const held = HELD + units.plan.parallelism;
    this.#units = units;
    this.#words = new Int32Array(shared, 0, held);
    this.#bits = new Int32Array(shared, held * 4, (units.total + 31) >> 5);
    this.#skip = new BigInt64Array(shared, Claims.#skipAt(units), units.plan.files.length);
  }

  /** Every unit was claimed. */
  get finished(): boolean {
    return Atomics.load(this.#words, NEXT) >= this.#units.total;
  }

  /** A reader is ready: what it restored is marked. */
  opened(): void {
    Atomics.add(this.#words, OPENED, 1);
  }
  get allOpened(): boolean {
    return !this.#units.plan.restored || Atomics.load(this.#words, OPENED) >= this.#readers;
  }

  /** Marks a unit as taken by an earlier run. */
  markDone(unit: number): void {
    Atomics.or(this.#bits, unit >> 5, 1 << (unit & 31));
  }
  isDone(unit: number): boolean {
    return (Atomics.load(this.#bits, unit >> 5) & (1 << (unit & 31))) !== 0;
  }

  setSkip(file: number, bytes: number): void {
    if (this.skip(file) < bytes) Atomics.store(this.#skip, file, BigInt(bytes));
  }
  skip(file: number): number {
    return Number(Atomics.load(this.#skip, file));
  }

  /** Tells the others which block this reader works on. */
  hold(reader: number, unit: number | undefined): void {
    Atomics.store(this.#words, HELD + reader, unit ?? NONE);
  }

  /** The next unit for a reader; 'wait' when that is too far ahead of the slowest, 'end' when none is left. */
  claim(reader: number): number | 'wait' | 'end' {
    const { total, plan } = this.#units;
    for (;;) {
      const unit = Atomics.load(this.#words, NEXT);
      if (unit >= total) {
        this.hold(reader, undefined);
        return 'end';
      }
      const file = this.#units.fileOf(unit);
      const gzip = plan.files[file].compression !== 'none';
      if (gzip || this.isDone(unit)) {
        Atomics.compareExchange(this.#words, NEXT, unit, unit + 1);
        continue;
      }
      if (plan.blocks) {
        let slowest = NONE;
        for (let r = 0; r < this.#readers; r++) if (r !== reader) slowest = Math.min(slowest, Atomics.load(this.#words, HELD + r));
        if (unit - slowest > plan.aheadMax) {
          this.hold(reader, undefined);
          return 'wait';
        }
        this.hold(reader, unit);
      }
      if (Atomics.compareExchange(this.#words, NEXT, unit, unit + 1) === unit) return unit;
    }
  }
}
