import { BATCH_ROWS_MAX } from '#abi';
import { Aggregates, type GroupState } from '../aggregate/aggregates.js';
import type { Counter } from '../base/metrics.js';
import { allocBatch, type Batch } from '../batch/batch.js';
import { KeyHasher } from '../batch/hash.js';
import type { WindowAggregateConfig } from '../contract/nodes.js';
import type { Operator, OperatorContext, OperatorSnapshot } from '../contract/operator.js';
import { hashesOf, KeyedTables } from '../state/table.js';
import { SessionBuckets } from './buckets.js';
import { WindowTime } from './clock.js';
import { Packer } from '../aggregate/packer.js';
import { decodeProgress, encodeGroup, encodeProgress, type StateForm, stateForm, Unpacker } from '../aggregate/saved.js';

/** Bytes of a session before its accumulators: start, end, next, key row. */
export const SESSION_HEADER = 24;
/** Dead sessions tolerated beyond the number of live ones before the state is copied into fresh memory. */
const GARBAGE_MIN = 8192;
const TIME_COLUMN = { start: 0, end: 1, rowtime: 2 } as const;

type Vector = 'hashes' | 'keys' | 'sessions' | 'sel' | 'created' | 'into' | 'from';

/**
 * Session windows that merge (Flink's merging windows). A key's open sessions hang on its table row. Sessions wait in buckets by their end
 * time; a bucket is looked at when the watermark reaches it, and sessions that have grown since move on to a later one.
 */
export class SessionWindows implements Operator {
  readonly #ctx: OperatorContext;
  readonly #config: WindowAggregateConfig;
  readonly #gapMs: number;
  readonly #time: WindowTime;
  readonly #buckets: SessionBuckets;
  readonly #tables: KeyedTables;
  readonly #aggregates: Aggregates;
  readonly #hasher: KeyHasher;
  readonly #late: Counter;
  readonly #out: Batch;
  readonly #head: number;
  readonly #bytes: number;
  readonly #report: number;
  readonly #packer: Packer;
  readonly #form: StateForm;
  #state: GroupState;
  #live = 0;
  #made = 0;
  #progress = Number.NEGATIVE_INFINITY;
  #due: number[] = [];
  #dueAt = 0;
  #vectors: Record<Vector, number> | undefined;
  #rows = 0;

  constructor(config: WindowAggregateConfig, gapMs: number, ctx: OperatorContext) {
    const { engine } = ctx;
    this.#ctx = ctx;
    this.#config = config;
    this.#gapMs = gapMs;
    this.#time = new WindowTime(config, ctx);
    this.#buckets = new SessionBuckets(engine, gapMs);
    this.#tables = new KeyedTables(engine, ctx.inputs[0], config.keys, 8, hashesOf(ctx, config.keys));
    this.#head = KeyedTables.accBase(ctx.inputs[0], config.keys);
    this.#aggregates = new Aggregates(engine, ctx.inputs[0], config.calls, SESSION_HEADER);
    this.#bytes = SESSION_HEADER + this.#aggregates.layout.bytes;
    this.#hasher = new KeyHasher(engine, ctx.inputs[0], config.keys);
    this.#late = ctx.metrics.counter('numLateRecordsDropped');
    this.#out = allocBatch(engine, ctx.output);
    this.#report = engine.alloc(64);
    this.#state = this.#create();
    this.#packer = new Packer(engine, this.#tables, this.#aggregates, ctx.maxParallelism, { head: this.#head });
    this.#form = stateForm(ctx.inputs[0], config.keys, this.#tables, this.#aggregates, true);
  }

  #create(): GroupState {
    return { table: this.#tables.create(), distinct: this.#aggregates.createDistinct() };
  }
  #free(state: GroupState): void {
    this.#tables.free(state.table);
    this.#aggregates.freeDistinct(state.distinct);
  }

  /** Scratch vectors of u32 for `rows` rows. */
  #scratch(rows: number): Record<Vector, number> {
    const { engine } = this.#ctx;
    if (this.#vectors !== undefined && rows <= this.#rows) return this.#vectors;
    this.#freeScratch();
    this.#rows = Math.max(rows, BATCH_ROWS_MAX);
    const vector = (): number => engine.alloc(this.#rows * 4);
    this.#vectors = { hashes: vector(), keys: vector(), sessions: vector(), sel: vector(), created: vector(), into: vector(), from: vector() };
    return this.#vectors;
  }
  #freeScratch(): void {
    if (this.#vectors !== undefined) for (const p of Object.values(this.#vectors)) this.#ctx.engine.free(p, this.#rows * 4);
    this.#vectors = undefined;
  }

  processBatch(batch: Batch): void {
    const n = batch.selCount;
    if (n === 0) return;
    const { engine } = this.#ctx;
    const v = this.#scratch(batch.rows);
    this.#hasher.hash(batch, v.hashes);
    this.#tables.find(this.#state.table, batch, batch.sel, n, v.hashes, v.keys);
    const proctime = this.#config.time === 'proctime';
    const now = proctime ? Math.max(this.#time.nowMs(), this.#progress + 1) : 0;
    const times = proctime ? 0 : this.#time.times(batch);
    const { table } = this.#state;
    const ok = engine.kernels.sessionAssign(
      ...([table, this.#bytes, v.keys, this.#head, batch.sel, n, times, now, this.#gapMs, this.#progress] as const),
      ...([v.sessions, v.sel, v.created, v.into, v.from, this.#report] as const),
    );
    if (ok === 0) this.#tables.outOfMemory();
    const at = this.#report >>> 2;
    const [kept, created, merged, late] = engine.u32.subarray(at, at + 4);
    this.#late.add(late);
    if (merged > 0) this.#merge(v.into, v.from, merged);
    this.#aggregates.update(this.#state, v.sessions, v.sel, kept, batch);
    this.#live += created - merged;
    this.#made += created;
    for (let i = 0; i < created; i++) this.#buckets.add(engine.u32[(v.created >>> 2) + i]);
    if (proctime && kept > 0) this.#ctx.registerProcessingTimer(this.#time.timerMs(now + this.#gapMs));
    this.#compact();
  }

  #merge(into: number, from: number, n: number): void {
    this.#aggregates.merge(this.#state, into, from, n);
    if (this.#state.distinct.length === 0) return;
    // a session that took another in may have gone into a third: values move once, to where they stay
    this.#ctx.engine.kernels.sessionResolve(into, n);
    this.#aggregates.link(from, into, n);
    this.#aggregates.mergeDistinct(this.#state, this.#state);
    this.#aggregates.unlink(from, n);
  }

  processWatermark(watermark: bigint): boolean {
    if (this.#config.time === 'proctime') return false;
    this.#progress = Math.max(this.#progress, this.#time.progressOf(watermark));
    return this.resume();
  }
  processProcessingTime(nowMs: number): boolean {
    if (this.#config.time !== 'proctime') return false;
    this.#progress = Math.max(this.#progress, this.#time.progressOf(nowMs - 1));
    return this.resume();
  }
  /** Pending processing-time sessions end with the input, unfired, as in Flink. */
  finish(): boolean {
    return false;
  }

  resume(): boolean {
    if (this.#dueAt >= this.#due.length) {
      this.#due = this.#buckets.takeDue(this.#progress);
      this.#dueAt = 0;
      if (this.#due.length === 0) {
        this.#compact();
        return false;
      }
    }
    this.#emitSome();
    return true;
  }

  #emitSome(): void {
    const { engine, clock, out } = this.#ctx;
    const n = Math.min(BATCH_ROWS_MAX, this.#due.length - this.#dueAt);
    const v = this.#scratch(BATCH_ROWS_MAX);
    const u32 = engine.u32;
    for (let i = 0; i < n; i++) u32[(v.sessions >>> 2) + i] = this.#due[this.#dueAt + i];
    this.#dueAt += n;
    const keyCount = this.#config.keys.length;
    engine.kernels.sessionKeys(v.sessions, n, v.keys);
    this.#tables.keysToColumns(v.keys, n, this.#out, 0);
    this.#aggregates.results(v.sessions, n, this.#out, keyCount);
    this.#config.windowOutputs.forEach((what, i) => {
      const column = keyCount + this.#config.calls.length + i;
      const values = this.#out.values(column);
      if (what !== 'proctime') {
        engine.kernels.sessionTimes(v.sessions, n, TIME_COLUMN[what], values, this.#out.validity(column));
        if (what === 'rowtime') this.#time.toAttributes(values, n);
      } else {
        engine.i64.fill(BigInt(clock.nowMs()), values >>> 3, (values >>> 3) + n);
        const validity = this.#out.validity(column);
        engine.u8.fill(0xff, validity, validity + ((n + 7) >>> 3));
      }
    });
    this.#out.selectAll(n);
    engine.kernels.sessionClose(v.sessions, n, this.#head);
    this.#live -= n;
    out.emit(this.#out);
  }

  /** Copies the live sessions into fresh tables when most of the memory is dead: sessions and keys are never freed one by one. */
  #compact(): void {
    if (this.#made - this.#live <= this.#live + GARBAGE_MIN) return;
    const { engine } = this.#ctx;
    const old = this.#state;
    const v = this.#scratch(BATCH_ROWS_MAX);
    this.#state = this.#create();
    this.#made = this.#live;
    let n = 0;
    const flush = (): void => {
      this.#adopt(v.sessions, n);
      n = 0;
    };
    for (const s of [...this.#buckets.drain()]) {
      engine.u32[(v.sessions >>> 2) + n++] = s;
      if (n === BATCH_ROWS_MAX) flush();
    }
    flush();
    this.#aggregates.mergeDistinct(this.#state, old);
    this.#free(old);
  }

  /** Copies `n` sessions of another state into this one and enlists them. */
  #adopt(sessions: number, n: number): void {
    const { engine } = this.#ctx;
    const v = this.#scratch(BATCH_ROWS_MAX);
    engine.kernels.sessionKeys(sessions, n, v.from);
    this.#tables.findRows(this.#state.table, v.from, n, v.keys);
    for (let i = 0; i < n; i++) {
      const at = engine.u32[(sessions >>> 2) + i] >>> 3;
      this.#open(i, engine.f64[at], engine.f64[at + 1]);
    }
    this.#aggregates.merge(this.#state, v.into, sessions, n);
  }

  /** Opens a session for key row number `i` of the keys vector; its pointer goes to the same place of the into vector. */
  #open(i: number, start: number, end: number): void {
    const { engine } = this.#ctx;
    const v = this.#scratch(BATCH_ROWS_MAX);
    const key = engine.u32[(v.keys >>> 2) + i];
    const s = engine.kernels.sessionNew(this.#state.table, this.#bytes, key, key + this.#head, start, end) >>> 0;
    if (s === 0) this.#tables.outOfMemory();
    engine.u32[(v.into >>> 2) + i] = s;
    this.#buckets.add(s);
  }

  /** The last row's time: sessions that begin later hold none of the rows that came until now. */
  retains(): number | undefined {
    const last = this.#buckets.lastEnd() - this.#gapMs;
    return last === Number.NEGATIVE_INFINITY ? undefined : last;
  }
  released(time: number): boolean {
    return !this.#buckets.anyFrom(time);
  }

  snapshot(): OperatorSnapshot {
    const sections = this.#packer.pack({ start: 0, state: this.#state });
    const keyed = [...sections].map(([group, section]) => ({ group, bytes: encodeGroup(this.#form, [section], this.#progress) }));
    return { keyed, list: [], union: [encodeProgress(this.#progress)] };
  }

  restore(snapshot: OperatorSnapshot): void {
    const { engine, name } = this.#ctx;
    this.#progress = decodeProgress(snapshot, name);
    const base = this.#head;
    const unpacker = new Unpacker(engine, this.#aggregates, this.#form, base + 16 - SESSION_HEADER, name);
    const v = this.#scratch(BATCH_ROWS_MAX);
    const ends = new Set<number>();
    for (const { bytes } of snapshot.keyed) {
      unpacker.unpack(bytes, (_start, rows, shifted, n) => {
        this.#tables.findRows(this.#state.table, rows, n, v.keys, this.#form.accBytes);
        for (let i = 0; i < n; i++) {
          const at = (engine.u32[(rows >>> 2) + i] + base) >>> 3;
          this.#open(i, engine.f64[at], engine.f64[at + 1]);
          ends.add(engine.f64[at + 1]);
        }
        this.#aggregates.merge(this.#state, v.into, shifted, n);
        this.#live += n;
        this.#made += n;
        return this.#state;
      });
    }
    if (this.#config.time === 'proctime') for (const end of ends) this.#ctx.registerProcessingTimer(this.#time.timerMs(end));
  }

  close(): void {
    this.#packer.close();
    this.#time.close();
    this.#free(this.#state);
    this.#tables.close();
    this.#aggregates.close();
    this.#freeScratch();
    this.#ctx.engine.free(this.#report, 64);
  }
}
