import { BATCH_ROWS_MAX } from '#abi';
import { assert } from '../base/assert.js';
import type { Counter } from '../base/metrics.js';
import type { Batch } from '../batch/batch.js';
import { KeyHasher } from '../batch/hash.js';
import type { WindowAggregateConfig } from '../contract/nodes.js';
import type { Operator, OperatorContext, OperatorSnapshot } from '../contract/operator.js';
import { WindowTime } from './clock.js';
import { WindowGroups } from './groups.js';
import { Packer } from '../aggregate/packer.js';
import { NOTHING_FIRED } from './partial.js';
import { Partition, type SliceRows } from './partition.js';
import { type Slice, Slices } from './slices.js';
import { firstWindowEnd, floorTo, isBetweenWindows, lastPassedEnd, lastWindowEnd, type SliceSpec } from './spec.js';
import { decodeProgress, encodeGroup, encodeProgress, type StateForm, stateForm, Unpacker } from '../aggregate/saved.js';
import { type Firing, SliceTree } from './tree.js';

/**
 * Tumbling and hopping windows over shared slices. A row is late when the last window of its slice has fired: it is counted and dropped;
 * when only earlier windows have fired it still counts in the others (as Flink's slicing window operator).
 */
export class SlicedWindows implements Operator {
  readonly #ctx: OperatorContext;
  readonly #config: WindowAggregateConfig;
  readonly #spec: SliceSpec;
  readonly #time: WindowTime;
  readonly #groups: WindowGroups;
  readonly #hasher: KeyHasher;
  /** of the second input: a local phase's keys come first */
  readonly #partialHasher: KeyHasher | undefined;
  readonly #partition: Partition;
  readonly #tree: SliceTree;
  readonly #late: Counter;
  readonly #packer: Packer;
  readonly #form: StateForm;
  readonly #slices: Slices;
  #progress = Number.NEGATIVE_INFINITY;
  #firedEnd = Number.NEGATIVE_INFINITY;
  #firing: Firing | undefined;
  /** groups of the last slice and of the last merged window: the next ones will have as many */
  #sliceGroups = 0;
  #windowGroups = 0;

  constructor(config: WindowAggregateConfig, spec: SliceSpec, ctx: OperatorContext) {
    this.#ctx = ctx;
    this.#config = config;
    this.#spec = spec;
    this.#time = new WindowTime(config, ctx);
    this.#groups = new WindowGroups(ctx, config.keys, config.calls);
    this.#slices = new Slices(() => this.#groups.create(this.#sliceGroups));
    this.#tree = new SliceTree(spec, this.#groups);
    this.#partition = new Partition(ctx.engine, spec);
    this.#hasher = new KeyHasher(ctx.engine, ctx.inputs[0], config.keys);
    if (ctx.inputs.length > 1) this.#partialHasher = new KeyHasher(ctx.engine, ctx.inputs[1], [...config.keys.keys()]);
    this.#packer = new Packer(ctx.engine, this.#groups.tables, this.#groups.aggregates, ctx.maxParallelism);
    this.#form = stateForm(ctx.inputs[0], config.keys, this.#groups.tables, this.#groups.aggregates, false);
    this.#late = ctx.metrics.counter('numLateRecordsDropped');
  }

  processBatch(batch: Batch, input: number): void {
    if (batch.selCount === 0) return;
    if (input === 1) {
      this.#addPartials(batch);
      return;
    }
    const hashes = this.#partition.hashes(batch);
    this.#hasher.hash(batch, hashes);
    if (this.#config.time === 'proctime') {
      this.#addNow(batch, hashes);
      return;
    }
    for (const part of this.#partition.split(batch, this.#time.times(batch))) {
      if (this.#isLate(part.start)) this.#late.add(part.n);
      else {
        this.#tree.touch(part.start);
        this.#groups.add(this.#slices.taking(part.start).state, batch, part.sel, part.n, part.hashes);
      }
    }
  }

  /** A local phase never sends a slice after the watermark that ends it, so nothing of it is late. */
  #addPartials(batch: Batch): void {
    this.#partialHasher!.hash(batch, this.#partition.hashes(batch));
    const column = this.#config.keys.length + 1;
    for (const part of this.#partition.split(batch, batch.values(column))) {
      const start = part.start - this.#spec.sliceMs; // the end of a slice is the start of the next
      assert(!this.#isLate(start), 'partial results come before the watermark of their slice');
      if (batch.leaves.length > column + 1) this.#addFired(batch, part, start, batch.values(column + 1));
      else this.#addPartial(batch, part, this.#taking(start));
    }
  }
  #addPartial(batch: Batch, { sel, n, hashes }: SliceRows, slice: Slice): void {
    this.#groups.addPartials(slice.state, batch, sel, n, hashes);
  }
  /** Partial results of one slice that name the windows they came too late for: runs of equal ones together. */
  #addFired(batch: Batch, part: SliceRows, start: number, fired: number): void {
    const { engine } = this.#ctx;
    // the views are looked up each time: merging may let the memory grow
    const firedOf = (i: number): bigint => engine.i64[(fired >>> 3) + engine.u32[(part.sel >>> 2) + i]];
    for (let from = 0; from < part.n; ) {
      const end = firedOf(from);
      let to = from + 1;
      while (to < part.n && firedOf(to) === end) to++;
      const some = { start, n: to - from, sel: part.sel + 4 * from, hashes: part.hashes + 4 * from };
      this.#addPartial(batch, some, end === NOTHING_FIRED || Number(end) <= this.#firedEnd ? this.#taking(start) : this.#slices.beside(start, Number(end)));
      from = to;
    }
  }
  /** The slice that takes rows at `start`, about to change. */
  #taking(start: number): Slice {
    this.#tree.touch(start);
    return this.#slices.taking(start);
  }

  /** Processing time: all rows of the batch arrive now. */
  #addNow(batch: Batch, hashes: number): void {
    const now = Math.max(this.#time.nowMs(), this.#progress + 1);
    const start = floorTo(now, this.#spec.sliceMs, this.#spec.offsetMs);
    if (isBetweenWindows(this.#spec, start)) return;
    this.#tree.touch(start);
    const fresh = !this.#slices.has(start);
    this.#groups.add(this.#slices.taking(start).state, batch, batch.sel, batch.selCount, hashes);
    if (fresh) this.#ctx.registerProcessingTimer(this.#time.timerMs(this.#nextEnd()));
  }

  #isLate(start: number): boolean {
    return this.#isDue(lastWindowEnd(this.#spec, start)) || isBetweenWindows(this.#spec, start);
  }
  /** Has event time (or processing time) passed the window's last millisecond? */
  #isDue(end: number): boolean {
    return end - 1 <= this.#progress;
  }

  /** Only a watermark that passes the end of a window, with or without rows, changes anything. */
  watermarkMatters(watermark: bigint): boolean {
    return this.#config.time === 'rowtime' && lastPassedEnd(this.#spec, this.#time.progressOf(watermark)) > this.#firedEnd;
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
      if (firing.merges.length > 0) {
        this.#merge(firing);
        return true;
      }
      if (!firing.walking) this.#groups.start(firing.state);
      firing.walking = true;
      const n = this.#groups.writeSome(firing.state);
      if (n > 0) {
        this.#writeWindow(n, firing.end);
        this.#ctx.out.emit(this.#groups.out);
      }
      if (n < BATCH_ROWS_MAX) this.#done(firing);
      if (n > 0) return true;
    }
  }

  /** Windows that had no rows have passed too: a slice that begins later must not fire them. */
  #passWindows(): void {
    this.#firedEnd = Math.max(this.#firedEnd, lastPassedEnd(this.#spec, this.#progress));
  }

  /** Writes the window columns after keys and calls, for `n` rows of the window that ends at `end`. */
  #writeWindow(n: number, end: number): void {
    const groups = this.#groups;
    this.#config.windowOutputs.forEach((what, i) => {
      const column = groups.keyCount + groups.callCount + i;
      if (what === 'start') groups.fillTime(column, n, end - this.#spec.sizeMs);
      else if (what === 'end') groups.fillTime(column, n, end);
      else if (what === 'rowtime') groups.fillTime(column, n, this.#time.toAttribute(end - 1));
      else groups.fillTime(column, n, this.#ctx.clock.nowMs());
    });
  }

  #merge(firing: Firing): void {
    const { into, from } = firing.merges[0];
    if (!firing.walking) this.#groups.start(from);
    firing.walking = this.#groups.mergeSome(into, from);
    if (!firing.walking) firing.merges.shift();
  }

  #done(firing: Firing): void {
    if (firing.merged) {
      this.#windowGroups = this.#groups.count(firing.state);
      this.#groups.free(firing.state);
    }
    this.#firedEnd = firing.end;
    const { order } = this.#slices;
    while (order.length > 0 && lastWindowEnd(this.#spec, order[0].start) <= firing.end) {
      const slice = this.#slices.shift();
      this.#sliceGroups = this.#groups.count(slice.state);
      this.#groups.free(slice.state);
    }
    this.#tree.dropBefore(firing.end - this.#spec.sizeMs + this.#spec.slideMs);
    this.#firing = undefined;
    if (this.#config.time === 'proctime' && this.#slices.order.length > 0) this.#ctx.registerProcessingTimer(this.#time.timerMs(this.#nextEnd()));
  }

  /** End of the first window with rows that has not fired. */
  #nextEnd(): number {
    return Math.max(firstWindowEnd(this.#spec, this.#slices.order[0].start), this.#firedEnd + this.#spec.slideMs);
  }
  #nextDue(): Firing | undefined {
    const end = this.#slices.order.length === 0 ? undefined : this.#nextEnd();
    if (end === undefined || !this.#isDue(end)) return undefined;
    // a restored slice beside another one is not in the tree
    if (this.#tree.pays && this.#slices.single) {
      const state = this.#groups.create(this.#windowGroups);
      return { end, state, merges: this.#tree.plan(state, end, (start) => this.#slices.stateAt(start)), merged: true, walking: false };
    }
    const sources = this.#slices.of(end - this.#spec.sizeMs, end);
    if (sources.length === 1) return { end, state: sources[0].state, merges: [], merged: false, walking: false };
    const into = this.#groups.create(this.#windowGroups);
    // from the latest to the earliest, as Flink merges slices
    return { end, state: into, merges: sources.reverse().map((s) => ({ into, from: s.state })), merged: true, walking: false };
  }

  /** The end of the last window that holds rows. */
  retains(): number | undefined {
    const last = this.#slices.order.at(-1);
    return last === undefined ? undefined : lastWindowEnd(this.#spec, last.start);
  }
  released(end: number): boolean {
    const [first] = this.#slices.order;
    return first === undefined || lastWindowEnd(this.#spec, first.start) > end;
  }

  snapshot(): OperatorSnapshot {
    const keyed = [...new Set(this.#slices.order.map((s) => s.firedEnd))].flatMap((firedEnd) => this.#snapshotOf(firedEnd));
    return { keyed, list: [], union: [encodeProgress(this.#progress)] };
  }
  /** Slices of which the same windows have fired, by key group, with the progress that says so. */
  #snapshotOf(firedEnd: number): OperatorSnapshot['keyed'][number][] {
    const byGroup = new Map<number, Uint8Array[]>();
    for (const slice of this.#slices.order) {
      if (slice.firedEnd !== firedEnd) continue;
      for (const [group, section] of this.#packer.pack(slice)) {
        const sections = byGroup.get(group);
        if (sections === undefined) byGroup.set(group, [section]);
        else sections.push(section);
      }
    }
    const progress = Math.max(this.#progress, firedEnd - 1);
    return [...byGroup].map(([group, sections]) => ({ group, bytes: encodeGroup(this.#form, sections, progress) }));
  }

  restore(snapshot: OperatorSnapshot): void {
    const { engine, name } = this.#ctx;
    this.#progress = decodeProgress(snapshot, name);
    this.#passWindows();
    const unpacker = new Unpacker(engine, this.#groups.aggregates, this.#form, 0, name);
    for (const { bytes } of snapshot.keyed) {
      const firedEnd = lastPassedEnd(this.#spec, unpacker.progressOf(bytes));
      unpacker.unpack(bytes, (start, rows, _shifted, n) => {
        const slice = firedEnd <= this.#firedEnd ? this.#slices.taking(start) : this.#slices.beside(start, firedEnd);
        this.#groups.adopt(slice.state, rows, n);
        return slice.state;
      });
    }
    if (this.#config.time === 'proctime' && this.#slices.order.length > 0) this.#ctx.registerProcessingTimer(this.#time.timerMs(this.#nextEnd()));
  }

  close(): void {
    for (const slice of this.#slices.order) this.#groups.free(slice.state);
    if (this.#firing?.merged === true) this.#groups.free(this.#firing.state);
    this.#slices.clear();
    this.#firing = undefined;
    this.#tree.close();
    this.#groups.close();
    this.#packer.close();
    this.#time.close();
    this.#partition.close();
  }
}
