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
import { Partition } from './partition.js';
import { firstWindowEnd, floorTo, isBetweenWindows, lastPassedEnd, lastWindowEnd, type SliceSpec } from './spec.js';
import { decodeProgress, encodeGroup, encodeProgress, type StateForm, stateForm, Unpacker } from '../aggregate/saved.js';
import { type Firing, type Slice, SliceTree } from './tree.js';

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
  readonly #slices = new Map<number, Slice>();
  /** all slices by start; a restored one may stand beside the one that takes rows */
  #order: Slice[] = [];
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
        this.#groups.add(this.#slice(part.start).state, batch, part.sel, part.n, part.hashes);
      }
    }
  }

  /** A local phase never sends a slice after the watermark that ends it, so nothing of it is late. */
  #addPartials(batch: Batch): void {
    this.#partialHasher!.hash(batch, this.#partition.hashes(batch));
    const ends = batch.values(this.#config.keys.length + 1);
    for (const part of this.#partition.split(batch, ends)) {
      const start = part.start - this.#spec.sliceMs; // the end of a slice is the start of the next
      assert(!this.#isLate(start), 'partial results come before the watermark of their slice');
      this.#tree.touch(start);
      this.#groups.addPartials(this.#slice(start).state, batch, part.sel, part.n, part.hashes);
    }
  }

  /** Processing time: all rows of the batch arrive now. */
  #addNow(batch: Batch, hashes: number): void {
    const now = Math.max(this.#time.nowMs(), this.#progress + 1);
    const start = floorTo(now, this.#spec.sliceMs, this.#spec.offsetMs);
    if (isBetweenWindows(this.#spec, start)) return;
    this.#tree.touch(start);
    const fresh = !this.#slices.has(start);
    this.#groups.add(this.#slice(start).state, batch, batch.sel, batch.selCount, hashes);
    if (fresh) this.#ctx.registerProcessingTimer(this.#time.timerMs(this.#nextEnd()));
  }

  /** The slice that takes rows at `start`. */
  #slice(start: number): Slice {
    let slice = this.#slices.get(start);
    if (slice === undefined) {
      slice = this.#insert(start, Number.NEGATIVE_INFINITY);
      this.#slices.set(start, slice);
    }
    return slice;
  }

  #insert(start: number, firedEnd: number): Slice {
    const slice = { start, state: this.#groups.create(this.#sliceGroups), firedEnd };
    let i = this.#order.length;
    while (i > 0 && this.#order[i - 1].start > start) i--;
    this.#order.splice(i, 0, slice);
    return slice;
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
    while (this.#order.length > 0 && lastWindowEnd(this.#spec, this.#order[0].start) <= firing.end) {
      const slice = this.#order.shift()!;
      this.#sliceGroups = this.#groups.count(slice.state);
      this.#groups.free(slice.state);
      this.#slices.delete(slice.start);
    }
    this.#tree.dropBefore(firing.end - this.#spec.sizeMs + this.#spec.slideMs);
    this.#firing = undefined;
    if (this.#config.time === 'proctime' && this.#order.length > 0) this.#ctx.registerProcessingTimer(this.#time.timerMs(this.#nextEnd()));
  }

  /** End of the first window with rows that has not fired. */
  #nextEnd(): number {
    return Math.max(firstWindowEnd(this.#spec, this.#order[0].start), this.#firedEnd + this.#spec.slideMs);
  }
  #nextDue(): Firing | undefined {
    const end = this.#order.length === 0 ? undefined : this.#nextEnd();
    if (end === undefined || !this.#isDue(end)) return undefined;
    // a restored slice beside another one is not in the tree
    if (this.#tree.pays && this.#order.length === this.#slices.size) {
      const state = this.#groups.create(this.#windowGroups);
      return { end, state, merges: this.#tree.plan(state, end, (start) => this.#slices.get(start)?.state), merged: true, walking: false };
    }
    const after = this.#order.findIndex((s) => s.start >= end);
    const sources = this.#order.slice(0, after < 0 ? undefined : after).filter((s) => s.start >= end - this.#spec.sizeMs && s.firedEnd < end);
    if (sources.length === 1) return { end, state: sources[0].state, merges: [], merged: false, walking: false };
    const into = this.#groups.create(this.#windowGroups);
    // from the latest to the earliest, as Flink merges slices
    return { end, state: into, merges: sources.reverse().map((s) => ({ into, from: s.state })), merged: true, walking: false };
  }

  /** The end of the last window that holds rows. */
  retains(): number | undefined {
    const last = this.#order.at(-1);
    return last === undefined ? undefined : lastWindowEnd(this.#spec, last.start);
  }
  released(end: number): boolean {
    return this.#order.length === 0 || lastWindowEnd(this.#spec, this.#order[0].start) > end;
  }

  snapshot(): OperatorSnapshot {
    const byGroup = new Map<number, Uint8Array[]>();
    for (const slice of this.#order) {
      for (const [group, section] of this.#packer.pack(slice)) {
        const sections = byGroup.get(group);
        if (sections === undefined) byGroup.set(group, [section]);
        else sections.push(section);
      }
    }
    const keyed = [...byGroup].map(([group, sections]) => ({ group, bytes: encodeGroup(this.#form, sections, this.#progress) }));
    return { keyed, list: [], union: [encodeProgress(this.#progress)] };
  }

  restore(snapshot: OperatorSnapshot): void {
    const { engine, name } = this.#ctx;
    this.#progress = decodeProgress(snapshot, name);
    this.#passWindows();
    const unpacker = new Unpacker(engine, this.#groups.aggregates, this.#form, 0, name);
    const restored = new Map<string, Slice>();
    for (const { bytes } of snapshot.keyed) {
      const firedEnd = lastPassedEnd(this.#spec, unpacker.progressOf(bytes));
      unpacker.unpack(bytes, (start, rows, _shifted, n) => {
        const key = `${start} ${firedEnd}`;
        const slice = firedEnd <= this.#firedEnd ? this.#slice(start) : (restored.get(key) ?? this.#insert(start, firedEnd));
        restored.set(key, slice);
        this.#groups.adopt(slice.state, rows, n);
        return slice.state;
      });
    }
    if (this.#config.time === 'proctime' && this.#order.length > 0) this.#ctx.registerProcessingTimer(this.#time.timerMs(this.#nextEnd()));
  }

  close(): void {
    for (const slice of this.#order) this.#groups.free(slice.state);
    if (this.#firing?.merged === true) this.#groups.free(this.#firing.state);
    this.#slices.clear();
    this.#order = [];
    this.#firing = undefined;
    this.#tree.close();
    this.#groups.close();
    this.#packer.close();
    this.#time.close();
    this.#partition.close();
  }
}
