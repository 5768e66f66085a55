import { MillraceError } from '../base/errors.js';
import type { Clock } from '../base/clock.js';
import type { GraphEdge, GraphNode, Partitioning, StreamGraph } from '../contract/graph.js';
import type { IoSpec } from '../contract/io.js';
import type { SinkNodeConfig, SourceNodeConfig } from '../contract/nodes.js';
import { loadConnector, registrations } from '../contract/registry.js';
import type { SinkPlan } from '../contract/sink.js';
import type { HostContext, RecordOrder, SourcePlan } from '../contract/source.js';
import { RING_BYTES } from '../base/limits.js';
import { ringBytes } from '../ring/ring.js';
import type { Restored } from '../task/snapshot.js';
import type { EdgePlan, JobPlan, OpPlan, OpTarget, TaskPlan } from '../task/plan.js';
import { flatten } from '../types/leaf.js';
import { chainGraph, inputLeaves, topological } from './chaining.js';
import { emitNode } from './emit.js';
import type { JobOptions } from './options.js';
import { recordOrder } from './order.js';
import { checkPositions } from './positions.js';
import { checkFits } from './restore.js';
import { splitPhases } from './two-phase.js';

export interface PlanContext {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly options: JobOptions;
  readonly runId: string;
  readonly module?: JobPlan['module'];
  /** snapshots are taken */
  readonly checkpoints?: boolean;
  /** the state to go on from */
  readonly restored?: Restored;
}

/** Bytes that pass an event-loop thread, per node. */
export interface IoNode {
  readonly nodeId: number;
  readonly name: string;
  readonly role: 'source' | 'sink';
  readonly spec: IoSpec;
  readonly parallelism: number;
}

export interface PlannedJob {
  readonly plan: JobPlan;
  readonly io: readonly IoNode[];
}

/** Graph -> chains -> tasks with rings between them; asks the connectors about the outside world and compiles what the operators emit. */
export async function planJob(given: StreamGraph, ctx: PlanContext): Promise<PlannedJob> {
  if (ctx.restored !== undefined) checkFits(given, ctx.options.maxParallelism, ctx.restored);
  const { sources, sinks, parallelism, bound } = await planEnds(given, ctx);
  const relayed = new Set([...sources].filter(([, plan]) => plan.relay !== undefined).map(([id]) => id));
  const graph = splitPhases(given, parallelism, { twoPhases: ctx.options.twoPhases, relayed });
  checkPositions(given, sources);
  const parallelismOf = (n: GraphNode): number => parallelism.get(n.id)!;
  const { chains, chainOf } = chainGraph(graph, parallelismOf);
  const edges: EdgePlan[] = [];
  const targets = new Map<number, OpTarget[]>(graph.nodes.map((n) => [n.id, []]));
  const slots = Math.max(...chains.map((c) => c.parallelism));
  const indexInChain = new Map(chains.flatMap((c) => c.nodes.map((n, i) => [n.id, i] as const)));
  const headInputs: number[][] = chains.map(() => []);
  for (const node of graph.nodes) {
    for (const [input, edge] of node.inputs.entries()) {
      const from = chainOf.get(edge.source)!;
      const to = chainOf.get(node.id)!;
      if (from === to) {
        targets.get(edge.source)!.push({ op: indexInChain.get(node.id)!, input, side: edge.side });
        continue;
      }
      const id = edges.length;
      const partition = partitionOf(edge, chains[from].parallelism, chains[to].parallelism, bound);
      const rings = Array.from({ length: chains[from].parallelism }, (_, i) =>
        Array.from({ length: chains[to].parallelism }, (_, j) =>
          partition !== 'forward' || i === j ? new SharedArrayBuffer(ringBytes(RING_BYTES)) : undefined,
        ),
      );
      edges.push({ id, partition, keys: edge.keys ?? [], leaves: inputLeaves(graph, node, input), fromTask: from, toTask: to, toInput: input, rings });
      targets.get(edge.source)!.push({ edge: id, input, side: edge.side });
      headInputs[to].push(id);
    }
  }
  const tasks: TaskPlan[] = [];
  for (const [id, chain] of chains.entries()) {
    const ops: OpPlan[] = [];
    for (const node of chain.nodes) ops.push(planOp(graph, node, targets.get(node.id)!, sources.get(node.id), sinks.get(node.id)));
    tasks.push({ id, name: chain.nodes.map((n) => n.name).join(' -> '), parallelism: chain.parallelism, ops, inputs: headInputs[id] });
  }
  const io: IoNode[] = [];
  for (const node of graph.nodes) {
    const role = node.kind === 'source' ? 'source' : 'sink';
    const spec = sources.get(node.id)?.io ?? sinks.get(node.id)?.io;
    if (spec !== undefined) io.push({ nodeId: node.id, name: node.name, role, spec, parallelism: parallelismOf(node) });
  }
  const plan: JobPlan = {
    name: graph.name ?? ctx.options.name,
    runId: ctx.runId,
    tasks,
    edges,
    options: graph.options,
    maxParallelism: ctx.options.maxParallelism,
    bufferTimeoutMs: ctx.options.bufferTimeoutMs,
    slots,
    checkpoints: ctx.checkpoints,
    module: ctx.module,
    registrations: registrations(),
  };
  return { plan, io };
}

/** Rows can only stay where they are between equal numbers of subtasks, or where fewer subtasks than the receiver's have any: else they are dealt out, as by Flink. */
function partitionOf(edge: GraphEdge, from: number, to: number, bound: ReadonlySet<number>): Partitioning {
  return edge.partition !== 'forward' || from === to || (from < to && bound.has(edge.source)) ? edge.partition : 'rebalance';
}

interface PlannedEnds {
  readonly sources: ReadonlyMap<number, SourcePlan>;
  readonly sinks: ReadonlyMap<number, SinkPlan>;
  /** of every node, by id */
  readonly parallelism: Map<number, number>;
  /** nodes that run where a source is read, which has work for fewer subtasks than were asked for: as if the others had no records */
  readonly bound: Set<number>;
}

/** What the connectors found outside, and how many subtasks each node gets. */
async function planEnds(graph: StreamGraph, ctx: PlanContext): Promise<PlannedEnds> {
  const sources = new Map<number, SourcePlan>();
  const sinks = new Map<number, SinkPlan>();
  const parallelism = new Map<number, number>();
  const bound = new Set<number>();
  for (const node of topological(graph)) {
    let p = node.parallelism ?? ctx.options.parallelism;
    if (node.parallelism === undefined && node.inputs.length > 0 && node.inputs.every((e) => e.partition === 'forward' && bound.has(e.source))) {
      p = Math.max(...node.inputs.map((e) => parallelism.get(e.source)!));
      bound.add(node.id);
    }
    const { clock, signal, runId, checkpoints } = ctx;
    const host: HostContext = { runId, checkpoints, parallelism: p, clock, options: graph.options, signal, restored: ctx.restored?.elements(node.uid) };
    if (node.kind === 'source') {
      const order = recordOrder(graph, node, ctx.options.twoPhases);
      const plan = await planSource(node, order, host);
      p = Math.min(p, plan.parallelismMax ?? p);
      sources.set(node.id, p === host.parallelism ? plan : await planSource(node, order, { ...host, parallelism: p }));
      // fewer readers than asked for, or fewer than the job's where the records' watermarks are made: dealing the rows out would part them from those
      if (p < host.parallelism || (p < ctx.options.parallelism && (node.config as SourceNodeConfig).watermark !== undefined)) bound.add(node.id);
    } else if (node.kind === 'sink') {
      sinks.set(node.id, await planSink(node, host));
    } else if (node.kind === 'values') {
      p = 1;
      bound.add(node.id);
    }
    parallelism.set(node.id, p);
  }
  return { sources, sinks, parallelism, bound };
}

async function planSource(node: GraphNode, order: RecordOrder, host: HostContext): Promise<SourcePlan> {
  const source = { ...(node.config as SourceNodeConfig).source, order };
  const connector = await loadConnector(source.connector);
  if (connector.planSource === undefined)
    throw new MillraceError('INVALID_OPTION', `the connector '${source.connector}' cannot be read from`, { place: { operator: source.tableName } });
  return connector.planSource(source, host);
}

async function planSink(node: GraphNode, host: HostContext): Promise<SinkPlan> {
  const { sink } = node.config as SinkNodeConfig;
  const connector = await loadConnector(sink.connector);
  if (connector.createWriter === undefined)
    throw new MillraceError('INVALID_OPTION', `the connector '${sink.connector}' cannot be written to`, { place: { operator: sink.tableName } });
  return (await connector.planSink?.(sink, host)) ?? {};
}

const compiled = new Map<string, WebAssembly.Module>();

function planOp(graph: StreamGraph, node: GraphNode, targets: OpTarget[], source: SourcePlan | undefined, sink: SinkPlan | undefined): OpPlan {
  const inputs = node.inputs.map((_, i) => inputLeaves(graph, node, i));
  const output = flatten(node.output);
  const bytes = emitNode(graph, node);
  const module = bytes === undefined ? undefined : compile(bytes);
  return { nodeId: node.id, uid: node.uid, name: node.name, kind: node.kind, config: node.config, inputs, output, module, source, sink, targets };
}

/** The same bytes are compiled once per process. */
function compile(bytes: Uint8Array): WebAssembly.Module {
  const key = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  let m = compiled.get(key);
  if (m === undefined) {
    m = new WebAssembly.Module(bytes as BufferSource);
    compiled.set(key, m);
    if (compiled.size > 256) compiled.delete(compiled.keys().next().value!);
  }
  return m;
}
