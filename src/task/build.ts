import type { Clock } from '../base/clock.js';
import type { MillraceError } from '../base/errors.js';
import type { ClosureTable } from '../contract/closures.js';
import type { SinkNodeConfig, SourceNodeConfig, ValuesConfig } from '../contract/nodes.js';
import type { Batch } from '../batch/batch.js';
import { type OperatorContext, WATERMARK_MAX, WATERMARK_MIN } from '../contract/operator.js';
import { loadConnector, loadFormat } from '../contract/registry.js';
import { POLL_END, POLL_IDLE } from '../contract/source.js';
import { ExchangeReader } from '../exchange/reader.js';
import { ExchangeWriter } from '../exchange/writer.js';
import { type Bell, type Doorbells, NO_BELL } from '../ring/doorbell.js';
import { RingFrameReader, RingFrameWriter } from '../ring/frames.js';
import { RingReader, RingWriter } from '../ring/ring.js';
import { SinkOperator } from '../sink/operator.js';
import { SourceDriver, type SourceEvents } from '../source/driver.js';
import { ValuesDriver } from '../source/values.js';
import type { Engine } from '../wasm/engine.js';
import { hostFunctions } from '../wasm/host.js';
import { ChainedOperator } from './chain.js';
import { type Control, subtaskNumber } from './control.js';
import { type Channel, Gate, STEP_END, STEP_IDLE, STEP_WORKED } from './gate.js';
import { loadOperator } from './operators.js';
import { type EdgePlan, type IoRings, type JobPlan, metricKey, type OpPlan, slotOf, type TaskPlan } from './plan.js';
import type { SlotReport } from './slot.js';
import { type Input, Subtask } from './subtask.js';

export interface SlotContext {
  readonly plan: JobPlan;
  readonly slot: number;
  readonly engine: Engine;
  readonly clock: Clock;
  readonly bells: Doorbells;
  readonly control: Control;
  readonly io: readonly IoRings[];
  /** wake the I/O thread and the host's thread */
  readonly ioBell: Bell | undefined;
  readonly hostBell: Bell;
  readonly closures: ClosureTable | undefined;
}

/** When a slot read its first record and finished its last subtask: wall clock, ms. */
export interface SlotTimes {
  firstReadMs: number | undefined;
  doneMs: number | undefined;
}

export interface BuiltSlot {
  readonly subtasks: readonly Subtask[];
  readonly times: SlotTimes;
  /** writes this slot's figures where the host reads them */
  publish(): void;
}

/** Builds the subtasks of one slot from the job's plan. */
export async function buildSlot(ctx: SlotContext): Promise<BuiltSlot> {
  const times: SlotTimes = { firstReadMs: undefined, doneMs: undefined };
  const subtasks: Subtask[] = [];
  const numbers: number[] = [];
  for (const task of ctx.plan.tasks) {
    for (let i = 0; i < task.parallelism; i++) {
      if (slotOf(i, ctx.plan.slots) !== ctx.slot) continue;
      subtasks.push(await new SubtaskBuilder(ctx, task, i, times).build());
      numbers.push(subtaskNumber(ctx.plan.tasks, task.id, i));
    }
  }
  const publish = (): void => {
    for (const [k, s] of subtasks.entries()) publishFigures(ctx.control, numbers[k], s);
  };
  return { subtasks, times, publish };
}

/** What a slot hands back to the host. */
export function slotReport(subtasks: readonly Subtask[], times: SlotTimes | undefined, error: MillraceError | undefined): SlotReport {
  const metrics: Record<string, Readonly<Record<string, number>>> = {};
  for (const s of subtasks) for (const op of s.ops) metrics[metricKey(op.plan.name, op.plan.nodeId, s.index)] = op.metrics.snapshot();
  return { error: error?.toPlain(), metrics, firstReadMs: times?.firstReadMs, doneMs: times?.doneMs };
}

class SubtaskBuilder {
  readonly #ctx: SlotContext;
  readonly #task: TaskPlan;
  readonly #index: number;
  readonly #times: SlotTimes;
  readonly #ops: ChainedOperator[];
  readonly #writers: ExchangeWriter[] = [];
  #subtask: Subtask | undefined;

  constructor(ctx: SlotContext, task: TaskPlan, index: number, times: SlotTimes) {
    this.#ctx = ctx;
    this.#task = task;
    this.#index = index;
    this.#times = times;
    this.#ops = task.ops.map((p) => new ChainedOperator(p));
  }

  async build(): Promise<Subtask> {
    for (const op of this.#ops) {
      for (const t of op.plan.targets) {
        if (t.op !== undefined) op.children.push({ op: this.#ops[t.op], input: t.input, side: t.side });
        else op.edges.push({ writer: this.#writer(this.#ctx.plan.edges[t.edge!]), side: t.side });
      }
    }
    const head = this.#ops[0];
    let input: Input;
    if (head.plan.kind === 'source') input = await this.#source(head);
    else if (head.plan.kind === 'values')
      input = this.#driver(head, (e) => new ValuesDriver(head.plan.config as ValuesConfig, this.#ctx.engine, head.plan.output, e));
    else input = new Gate(this.#channels(), head);
    for (const op of this.#ops) if (op !== head || input instanceof Gate) await this.#operator(op);
    const subtask = new Subtask(this.#task.name, this.#index, this.#ops, this.#writers, input, this.#ctx.clock);
    subtask.onDone = () => {
      this.#times.doneMs = this.#ctx.clock.preciseMs();
    };
    this.#subtask = subtask;
    for (const op of this.#ops) op.operator?.open?.();
    return subtask;
  }

  #writer(edge: EdgePlan): ExchangeWriter {
    const { engine, clock, plan } = this.#ctx;
    const rings: RingWriter[] = [];
    for (const [j, sab] of edge.rings[this.#index].entries()) if (sab !== undefined) rings.push(new RingWriter(sab, this.#bell(j)));
    const writer = new ExchangeWriter(engine, clock, edge.leaves, rings, {
      partition: edge.partition,
      keys: edge.keys,
      maxParallelism: plan.maxParallelism,
      bufferTimeoutMs: plan.bufferTimeoutMs,
      subtaskIndex: this.#index,
    });
    this.#writers.push(writer);
    return writer;
  }
  #channels(): Channel[] {
    const out: Channel[] = [];
    for (const id of this.#task.inputs) {
      const edge = this.#ctx.plan.edges[id];
      for (const [i, row] of edge.rings.entries()) {
        const sab = row[this.#index];
        if (sab !== undefined) out.push({ reader: new ExchangeReader(this.#ctx.engine, edge.leaves, new RingReader(sab, this.#bell(i))), input: edge.toInput });
      }
    }
    return out;
  }
  /** The doorbell of the slot of a subtask; this slot's own too, so that it does not go to sleep on what it just sent itself. */
  #bell(subtask: number): Bell {
    const slot = slotOf(subtask, this.#ctx.plan.slots);
    return { ring: () => this.#ctx.bells.ring(slot) };
  }

  async #source(head: ChainedOperator): Promise<Input> {
    const { engine, clock, plan, io, closures } = this.#ctx;
    const p = head.plan;
    const config = p.config as SourceNodeConfig;
    const rings = io.find((r) => r.nodeId === p.nodeId);
    const connector = await loadConnector(config.source.connector);
    const format = config.source.format === undefined ? undefined : await loadFormat(config.source.format.name);
    const frames = rings === undefined ? undefined : new RingFrameReader(engine, new RingReader(rings.rings[this.#index], NO_BELL));
    const context = {
      engine,
      clock,
      metrics: head.metrics,
      subtaskIndex: this.#index,
      parallelism: this.#task.parallelism,
      leaves: p.output,
      emitted: p.module === undefined ? {} : engine.link(p.module, hostFunctions(engine, clock)),
      name: p.name,
      runId: plan.runId,
      options: plan.options,
      closures: closures ?? [],
      wake: () => this.#ctx.bells.ring(this.#ctx.slot),
    };
    return this.#driver(head, (events) => {
      const driver = new SourceDriver(config, { connector, plan: p.source!, format, frames }, context, events);
      driver.open();
      return driver;
    });
  }

  /** Events of a source go to the head of the chain. */
  #driver(head: ChainedOperator, create: (events: SourceEvents) => { step(): number; wakeupMs?(): number | undefined; close?(): void }): Input {
    const watermark = (w: bigint): void => head.watermark(w);
    const driver = create({
      batch: (b: Batch) => {
        this.#times.firstReadMs ??= this.#ctx.clock.preciseMs();
        head.emit(b);
      },
      watermark,
      idle: () => head.status(true),
      active: () => head.status(false),
      end: () => watermark(WATERMARK_MAX),
    });
    return {
      step: () => {
        this.#times.firstReadMs ??= this.#ctx.clock.preciseMs();
        const r = driver.step();
        return r === POLL_END ? STEP_END : r === POLL_IDLE ? STEP_IDLE : STEP_WORKED;
      },
      wakeupMs: () => driver.wakeupMs?.(),
      close: () => driver.close?.(),
    };
  }

  async #operator(op: ChainedOperator): Promise<void> {
    const { engine, plan, io } = this.#ctx;
    const p = op.plan;
    const base: Omit<OperatorContext, 'emitted'> = {
      engine,
      out: op,
      inputs: p.inputs,
      output: p.output,
      clock: this.#ctx.clock,
      metrics: op.metrics,
      name: p.name,
      subtaskIndex: this.#index,
      parallelism: this.#task.parallelism,
      maxParallelism: plan.maxParallelism,
      options: plan.options,
      closures: this.#ctx.closures ?? [],
      registerProcessingTimer: (atMs) => op.addTimer(atMs),
      hold: (promise) => this.#subtask!.hold(promise, () => this.#ctx.bells.ring(this.#ctx.slot)),
    };
    if (p.kind === 'sink') {
      const config = p.config as SinkNodeConfig;
      const connector = await loadConnector(config.sink.connector);
      const format = config.sink.format === undefined ? undefined : await loadFormat(config.sink.format.name);
      const frames = this.#frameWriter(p, io);
      op.operator = new SinkOperator(config, { connector, plan: p.sink ?? {}, format, frames, runId: plan.runId }, { ...base, emitted: {} });
      return;
    }
    const module = await loadOperator(p.kind);
    const emitted = p.module === undefined ? {} : engine.link(p.module, module.host?.(p.config, base) ?? {});
    op.operator = module.create(p.config, { ...base, emitted });
  }
  #frameWriter(p: OpPlan, io: readonly IoRings[]): RingFrameWriter | undefined {
    const rings = io.find((r) => r.nodeId === p.nodeId);
    if (rings === undefined) return undefined;
    const bell = rings.thread === 'io' ? this.#ctx.ioBell! : this.#ctx.hostBell;
    return new RingFrameWriter(this.#ctx.engine, new RingWriter(rings.rings[this.#index], bell));
  }
}

function publishFigures(control: Control, n: number, s: Subtask): void {
  let late = 0;
  let bad = 0;
  for (const op of s.ops) {
    late += op.metrics.counters.get('numLateRecordsDropped')?.value ?? 0;
    bad += op.metrics.gauges.get('numRecordsInErrors')?.() ?? 0;
    if (op.plan.kind === 'sink') control.set(n, 'recordsOut', op.metrics.counter('numRecordsIn').value);
  }
  if (s.isSource) control.set(n, 'recordsIn', s.ops[0].metrics.counter('numRecordsOut').value);
  control.set(n, 'lateDropped', late);
  control.set(n, 'badRecords', bad);
  control.setWatermark(n, s.ops[0].currentWatermark ?? WATERMARK_MIN);
}
