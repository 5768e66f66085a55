import { BATCH_ROWS_MAX } from '#abi';
import type { GroupState } from '../aggregate/aggregates.js';
import type { Counter } from '../base/metrics.js';
import type { Batch } from '../batch/batch.js';
import { KeyHasher } from '../batch/hash.js';
import type { WindowAggregateConfig } from '../contract/nodes.js';
import type { Operator, OperatorContext, OperatorSnapshot } from '../contract/operator.js';
import { watermarkMs, writeWindowColumns } from './clock.js';
import { WindowGroups } from './groups.js';
import { Packer } from './packer.js';
import { firstWindowEnd, floorTo, lastWindowEnd, type SliceSpec } from './spec.js';
import { decodeProgress, encodeGroup, encodeProgress, type StateForm, stateForm, Unpacker } from './state.js';

declare module '../wasm/engine.js' {
  interface Kernels {
    sliceRows(
      times: number,
      sel: number,
      n: number,
      hashes: number,
      size: number,
      offset: number,
      slices: number,
      numbers: number,
      outSel: number,
      outHashes: number,
    ): number;
  }
}

const SLICE_BYTES = 32;

interface Slice {
  readonly start: number;
  readonly state: GroupState;
}

/** A window that is due: its slices are merged, then its groups leave batch by batch. */
interface Firing {
  readonly end: number;
  readonly state: GroupState;
  /** slices still to merge; the last one is being walked */
  readonly sources: Slice[];
  /** the state is the window's own, not a slice's */
  readonly merged: boolean;
  walking: boolean;
}

/**
 * Tumbling and hopping windows over shared slices. A row is late when the last window of its slice has fired: it is counted and dropped;
 * when only earlier windows have fired it still counts in the others (as Flink's slicing window operator).
 */
export class SlicedWindows implements Operator {
  readonly #ctx: OperatorContext;
  readonly #config: WindowAggregateConfig;
  readonly #spec: SliceSpec;
  readonly #groups: WindowGroups;
  readonly #hasher: KeyHasher;
  readonly #late: Counter;
  readonly #packer: Packer;
  readonly #form: StateForm;
  readonly #slices = new Map<number, Slice>();
  #starts: number[] = [];
  #progress = Number.NEGATIVE_INFINITY;
  #firedEnd = Number.NEGATIVE_INFINITY;
  #firing: Firing | undefined;
  #expected = 0;
  #rows = 0;
  #scratch = { hashes: 0, slices: 0, numbers: 0, sel: 0, subHashes: 0, times: 0 };

  constructor(config: WindowAggregateConfig, spec: SliceSpec, ctx: OperatorContext) {
    this.#ctx = ctx;
    this.#config = config;
    this.#spec = spec;
    this.#groups = new WindowGroups(ctx, config.keys, config.calls);
    this.#hasher = new KeyHasher(ctx.engine, ctx.inputs[0], config.keys);
    this.#packer = new Packer(ctx.engine, this.#groups.tables, this.#groups.aggregates, ctx.maxParallelism);
    this.#form = stateForm(ctx.inputs[0], config.keys, this.#groups.tables, this.#groups.aggregates, false);
    this.#late = ctx.metrics.counter('numLateRecordsDropped');
    this.#need(BATCH_ROWS_MAX);
  }

  #need(rows: number): void {
    if (rows <= this.#rows) return;
    const { engine } = this.#ctx;
    this.#freeScratch();
    this.#rows = rows;
    const words = (): number => engine.alloc(rows * 4);
    this.#scratch = {
      hashes: words(),
      numbers: words(),
      sel: words(),
      subHashes: words(),
      slices: engine.alloc(rows * SLICE_BYTES),
      times: engine.alloc(rows * 8),
    };
  }
  #freeScratch(): void {
    if (this.#rows === 0) return;
    const { engine } = this.#ctx;
    const s = this.#scratch;
    for (const p of [s.hashes, s.numbers, s.sel, s.subHashes]) engine.free(p, this.#rows * 4);
    engine.free(s.slices, this.#rows * SLICE_BYTES);
    engine.free(s.times, this.#rows * 8);
  }

  processBatch(batch: Batch): void {
    const n = batch.selCount;
    if (n === 0) return;
    this.#need(batch.rows);
    this.#hasher.hash(batch, this.#scratch.hashes);
    if (this.#config.time === 'proctime') {
      this.#addNow(batch, n);
      return;
    }
    const { hashes, slices, numbers, sel, subHashes } = this.#scratch;
    const { sliceMs, offsetMs } = this.#spec;
    const { engine } = this.#ctx;
    const times = batch.values(this.#config.timeColumn);
    const count = engine.kernels.sliceRows(times, batch.sel, n, hashes, sliceMs, offsetMs, slices, numbers, sel, subHashes);
    for (let i = 0; i < count; i++) {
      const at = slices + i * SLICE_BYTES;
      const start = Number(engine.i64[at >> 3]);
      const rows = engine.u32[(at >> 2) + 4];
      const first = engine.u32[(at >> 2) + 5] * 4;
      if (this.#isLate(start)) this.#late.add(rows);
      else if (count === 1) this.#groups.add(this.#slice(start).state, batch, batch.sel, n, hashes);
      else this.#groups.add(this.#slice(start).state, batch, sel + first, rows, subHashes + first);
    }
  }

  /** Processing time: all rows of the batch arrive now. */
  #addNow(batch: Batch, n: number): void {
    const now = Math.max(this.#ctx.clock.nowMs(), this.#progress + 1);
    const start = floorTo(now, this.#spec.sliceMs, this.#spec.offsetMs);
    if (lastWindowEnd(this.#spec, start) < firstWindowEnd(this.#spec, start)) return; // between windows (slide > size)
    if (!this.#slices.has(start)) this.#ctx.registerProcessingTimer(Math.max(firstWindowEnd(this.#spec, start), this.#firedEnd + this.#spec.slideMs));
    this.#groups.add(this.#slice(start).state, batch, batch.sel, n, this.#scratch.hashes);
  }

  #slice(start: number): Slice {
    let slice = this.#slices.get(start);
    if (slice === undefined) {
      slice = { start, state: this.#groups.create(this.#expected) };
      this.#slices.set(start, slice);
      let i = this.#starts.length;
      while (i > 0 && this.#starts[i - 1] > start) i--;
      this.#starts.splice(i, 0, start);
    }
    return slice;
  }

  #isLate(start: number): boolean {
    const last = lastWindowEnd(this.#spec, start);
    return this.#isDue(last) || last < firstWindowEnd(this.#spec, start);
  }
  /** Has event time (or processing time) passed the window's last millisecond? */
  #isDue(end: number): boolean {
    return end - 1 <= this.#progress;
  }

  processWatermark(watermark: bigint): boolean {
    if (this.#config.time === 'proctime') return false;
    this.#progress = Math.max(this.#progress, watermarkMs(watermark));
    return this.resume();
  }

  processProcessingTime(nowMs: number): boolean {
    if (this.#config.time !== 'proctime') return false;
    this.#progress = Math.max(this.#progress, nowMs - 1);
    return this.resume();
  }

  /** Pending processing-time windows end with the input, unfired, as in Flink. */
  finish(): boolean {
    return false;
  }

  resume(): boolean {
    for (;;) {
      this.#firing ??= this.#nextDue();
      const firing = this.#firing;
      if (firing === undefined) {
        this.#passWindows();
        return false;
      }
      if (firing.sources.length > 0) {
        this.#merge(firing);
        return true;
      }
      if (!firing.walking) {
        this.#groups.start(firing.state);
        firing.walking = true;
      }
      const n = this.#groups.writeSome(firing.state);
      if (n > 0) {
        writeWindowColumns(this.#config, this.#ctx, this.#groups, n, firing.end - this.#spec.sizeMs, firing.end);
        this.#ctx.out.emit(this.#groups.out);
      }
      if (n < BATCH_ROWS_MAX) this.#done(firing);
      if (n > 0) return true;
    }
  }

  /** Windows that had no rows have passed too: a slice that begins later must not fire them. */
  #passWindows(): void {
    const { slideMs, offsetMs, sizeMs } = this.#spec;
    this.#firedEnd = Math.max(this.#firedEnd, floorTo(this.#progress + 1, slideMs, offsetMs + sizeMs));
  }

  #merge(firing: Firing): void {
    const source = firing.sources[firing.sources.length - 1];
    if (!firing.walking) {
      this.#groups.start(source.state);
      firing.walking = true;
    }
    if (this.#groups.mergeSome(firing.state, source.state)) return;
    firing.sources.pop();
    firing.walking = false;
  }

  #done(firing: Firing): void {
    this.#expected = Math.max(0, this.#groups.count(firing.state) >> 1);
    if (firing.merged) this.#groups.free(firing.state);
    this.#firedEnd = firing.end;
    while (this.#starts.length > 0 && lastWindowEnd(this.#spec, this.#starts[0]) <= firing.end) {
      const slice = this.#slices.get(this.#starts[0])!;
      this.#groups.free(slice.state);
      this.#slices.delete(slice.start);
      this.#starts.shift();
    }
    this.#firing = undefined;
    if (this.#config.time === 'proctime' && this.#starts.length > 0) this.#ctx.registerProcessingTimer(this.#nextEnd());
  }

  /** End of the first window with rows that has not fired. */
  #nextEnd(): number {
    return Math.max(firstWindowEnd(this.#spec, this.#starts[0]), this.#firedEnd + this.#spec.slideMs);
  }
  #hasDue(): boolean {
    return this.#starts.length > 0 && this.#isDue(this.#nextEnd());
  }

  #nextDue(): Firing | undefined {
    if (!this.#hasDue()) return undefined;
    const end = this.#nextEnd();
    const sources: Slice[] = [];
    for (const start of this.#starts) {
      if (start >= end) break;
      if (start >= end - this.#spec.sizeMs) sources.push(this.#slices.get(start)!);
    }
    // windows without rows never come here: the first slice left always lies in the next window
    if (sources.length === 1) return { end, state: sources[0].state, sources: [], merged: false, walking: false };
    return { end, state: this.#groups.create(this.#expected), sources, merged: true, walking: false };
  }

  snapshot(): OperatorSnapshot {
    const byGroup = new Map<number, Uint8Array[]>();
    for (const start of this.#starts) {
      for (const [group, section] of this.#packer.pack(this.#slices.get(start)!)) {
        const sections = byGroup.get(group);
        if (sections === undefined) byGroup.set(group, [section]);
        else sections.push(section);
      }
    }
    const keyed = [...byGroup].map(([group, sections]) => ({ group, bytes: encodeGroup(this.#form, sections) }));
    return { keyed, list: [], union: [encodeProgress(this.#progress)] };
  }

  restore(snapshot: OperatorSnapshot): void {
    const { engine, name } = this.#ctx;
    this.#progress = decodeProgress(snapshot, name);
    this.#passWindows();
    const unpacker = new Unpacker(engine, this.#groups.aggregates, this.#form, 0, name);
    for (const { bytes } of snapshot.keyed) {
      unpacker.unpack(bytes, (start, rows, _shifted, n) => {
        const { state } = this.#slice(start);
        this.#groups.adopt(state, rows, n);
        return state;
      });
    }
    if (this.#config.time === 'proctime' && this.#starts.length > 0) this.#ctx.registerProcessingTimer(this.#nextEnd());
  }

  close(): void {
    for (const slice of this.#slices.values()) this.#groups.free(slice.state);
    if (this.#firing?.merged === true) this.#groups.free(this.#firing.state);
    this.#slices.clear();
    this.#starts = [];
    this.#firing = undefined;
    this.#groups.close();
    this.#packer.close();
    this.#freeScratch();
    this.#rows = 0;
  }
}
