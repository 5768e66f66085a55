import type { Clock } from '../base/clock.js';
import type { ArrivedBarrier } from '../checkpoint/coordinator.js';
import type { ClosureTable } from '../contract/closures.js';
import type { SinkNodeConfig, SourceNodeConfig, ValuesConfig } from '../contract/nodes.js';
import type { Batch } from '../batch/batch.js';
import { type OperatorContext, WATERMARK_MAX } from '../contract/operator.js';
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
import { hostFunctions, loadHostParts } from '../wasm/host.js';
import { ChainedOperator } from './chain.js';
import { operatorNumber } from './activity.js';
import { type Control, subtaskNumber } from './control.js';
import { type Channel, Gate, type Input, STEP_END, STEP_IDLE, STEP_WORKED } from './gate.js';
import { publishFigures, type SlotTimes } from './figures.js';
import { HotKeyWatch, type Warn } from './hot-keys.js';
import { loadOperator } from './operators.js';
import { type EdgePlan, type IoRings, type JobPlan, type OpPlan, slotOf, type TaskPlan } from './plan.js';
import type { OperatorState, Restored } from './snapshot.js';
import { Subtask } from './subtask.js';

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
  /** state to go on from */
  readonly restored?: Restored;
  /** takes how far barriers have come; absent where nobody asks */
  readonly barrier?: (b: ArrivedBarrier) => void;
  /** says something to the user */
  readonly warn?: Warn;
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
    const activity = ctx.control.activity(ctx.slot);
    this.#ops = task.ops.map((p, i) => new ChainedOperator(p, i === 0, operatorNumber(ctx.plan.tasks, task.id, i), activity));
  }

  async build(): Promise<Subtask> {
    for (const op of this.#ops) {
      for (const t of op.plan.targets) {
        if (t.op !== undefined) op.addChild(t.side, { op: this.#ops[t.op], input: t.input });
        else op.addEdge(t.side, { writer: this.#writer(this.#ctx.plan.edges[t.edge!]), watch: this.#watch(op, this.#ctx.plan.edges[t.edge!]) });
      }
    }
    const head = this.#ops[0];
    let input: Input;
    if (head.plan.kind === 'source') input = await this.#source(head);
    else if (head.plan.kind === 'values')
      input = this.#driver(head, (e) => new ValuesDriver(head.plan.config as ValuesConfig, this.#ctx.engine, head.plan.output, e));
    else input = this.#gate(head);
    for (const op of this.#ops) if (op !== head || head.plan.inputs.length > 0) await this.#operator(op);
    const subtask = new Subtask(this.#task, this.#index, this.#ops, this.#writers, input, this.#ctx.clock, this.#ctx.plan.checkpoints === true);
    subtask.onDone = () => {
      this.#times.doneMs = this.#ctx.clock.preciseMs();
    };
    const number = subtaskNumber(this.#ctx.plan.tasks, this.#task.id, this.#index);
    subtask.onSent = (barrier, positions) => this.#ctx.barrier?.({ subtask: number, barrier, positions });
    subtask.onPassed = (barrier) => this.#ctx.barrier?.({ subtask: number, barrier });
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
  /** Behind a local phase no key has many rows left. */
  #watch(op: ChainedOperator, edge: EdgePlan): HotKeyWatch | undefined {
    const { engine, plan, warn } = this.#ctx;
    const { parallelism, ops } = plan.tasks[edge.toTask];
    if (warn === undefined || parallelism === 1 || edge.partition !== 'hash' || edge.keys.length === 0 || op.plan.kind === 'localWindowAggregate')
      return undefined;
    return new HotKeyWatch(engine, edge.leaves, edge.keys, parallelism, ops[0].name, op.metrics, warn);
  }

  #gate(head: ChainedOperator): Input {
    const gate = new Gate(this.#channels(), head);
    const state = this.#ctx.restored?.gate(head.plan.uid, this.#index, this.#task.parallelism, gate.senders);
    if (state !== undefined) gate.restore(state);
    return gate;
  }
  #channels(): Channel[] {
    const out: Channel[] = [];
    for (const id of this.#task.inputs) {
      const edge = this.#ctx.plan.edges[id];
      for (const [i, row] of edge.rings.entries()) {
        const sab = row[this.#index];
        if (sab === undefined) continue;
        const reader = new ExchangeReader(this.#ctx.engine, edge.leaves, new RingReader(sab, this.#bell(i)));
        out.push({ reader, input: edge.toInput, sender: `${this.#ctx.plan.tasks[edge.fromTask].ops[0].uid} ${i}` });
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
    if (p.module !== undefined) await loadHostParts(p.module);
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
      ring: (subtask: number) => this.#bell(subtask).ring(),
    };
    return this.#driver(head, (events) => {
      return new SourceDriver(config, { connector, plan: p.source!, format, frames }, context, events);
    });
  }

  /** Events of a source go to the head of the chain. */
  #driver(head: ChainedOperator, create: (events: SourceEvents) => SourceDriver | ValuesDriver): Input {
    const watermark = (w: bigint): void => head.watermark(w);
    const driver = create({
      batch: (b: Batch) => head.emit(b),
      watermark,
      idle: () => head.status(true),
      active: () => head.status(false),
      end: () => watermark(WATERMARK_MAX),
    });
    const state = this.#restored(head.plan.uid);
    if (state !== undefined) driver.restore(state);
    if (driver instanceof SourceDriver) driver.open();
    return {
      step: () => {
        const beforeMs = this.#times.firstReadMs === undefined ? this.#ctx.clock.preciseMs() : 0;
        const r = driver.step();
        if (r !== POLL_IDLE) this.#times.firstReadMs ??= beforeMs;
        return r === POLL_END ? STEP_END : r === POLL_IDLE ? STEP_IDLE : STEP_WORKED;
      },
      wakeupMs: () => driver.wakeupMs(),
      get awaits() {
        return driver instanceof SourceDriver && driver.awaits;
      },
      get resting() {
        return !(driver instanceof SourceDriver) || driver.resting;
      },
      snapshot: () => driver.snapshot(),
      ...(head.plan.source?.commitIntervalMs === undefined ? {} : { positions: () => driver.snapshot().list }),
      close: () => driver.close(),
    };
  }

  #restored(uid: string): OperatorState | undefined {
    return this.#ctx.restored?.operator(uid, this.#index, this.#task.parallelism);
  }

  async #operator(op: ChainedOperator): Promise<void> {
    const { engine, plan } = this.#ctx;
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
      hold: (promise) => this.#subtask!.hold(op, promise, () => this.#ctx.bells.ring(this.#ctx.slot)),
    };
    const state = this.#restored(p.uid);
    if (p.kind === 'sink') op.operator = await this.#sink(p, base);
    else {
      if (p.module !== undefined) await loadHostParts(p.module);
      const module = await loadOperator(p.kind);
      const emitted = p.module === undefined ? {} : engine.link(p.module, module.host?.(p.config, base) ?? {});
      op.operator = module.create(p.config, { ...base, emitted });
    }
    if (state === undefined) return;
    op.operator.commit?.(state.committables);
    op.operator.restore?.(state);
  }

  async #sink(p: OpPlan, base: Omit<OperatorContext, 'emitted'>): Promise<SinkOperator> {
    const { plan, io } = this.#ctx;
    const config = p.config as SinkNodeConfig;
    const connector = await loadConnector(config.sink.connector);
    const format = config.sink.format === undefined ? undefined : await loadFormat(config.sink.format.name);
    const frames = this.#frameWriter(p, io);
    const parts = { connector, plan: p.sink ?? {}, format, frames, runId: plan.runId, checkpoints: plan.checkpoints };
    return new SinkOperator(config, parts, { ...base, emitted: {} });
  }
  #frameWriter(p: OpPlan, io: readonly IoRings[]): RingFrameWriter | undefined {
    const rings = io.find((r) => r.nodeId === p.nodeId);
    if (rings === undefined) return undefined;
    const bell = rings.thread === 'io' ? this.#ctx.ioBell! : this.#ctx.hostBell;
    return new RingFrameWriter(this.#ctx.engine, new RingWriter(rings.rings[this.#index], bell));
  }
}
