import { MillraceError } from '../base/errors.js';
import type { Clock } from '../base/clock.js';
import type { GraphNode, StreamGraph } from '../contract/graph.js';
import type { IoSpec } from '../contract/io.js';
import type { SinkNodeConfig, SourceNodeConfig } from '../contract/nodes.js';
import { loadConnector, registrations } from '../contract/registry.js';
import type { SinkPlan } from '../contract/sink.js';
import type { HostContext, SourcePlan } from '../contract/source.js';
import { RING_BYTES } from '../base/limits.js';
import { ringBytes } from '../ring/ring.js';
import type { Restored } from '../task/snapshot.js';
import type { EdgePlan, JobPlan, OpPlan, OpTarget, TaskPlan } from '../task/plan.js';
import { flatten } from '../types/leaf.js';
import { chainGraph, inputLeaves } from './chaining.js';
import { emitNode } from './emit.js';
import type { JobOptions } from './options.js';
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
  const { sources, sinks, parallelism } = await planEnds(given, ctx);
  const graph = ctx.options.twoPhases ? splitPhases(given, parallelism) : given;
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
      // rows can only stay where they are between equal numbers of subtasks
      const partition = edge.partition === 'forward' && chains[from].parallelism !== chains[to].parallelism ? 'rebalance' : edge.partition;
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

interface PlannedEnds {
  readonly sources: ReadonlyMap<number, SourcePlan>;
  readonly sinks: ReadonlyMap<number, SinkPlan>;
  /** of every node, by id */
  readonly parallelism: Map<number, number>;
}

/** What the connectors found outside, and how many subtasks each node gets. */
async function planEnds(graph: StreamGraph, ctx: PlanContext): Promise<PlannedEnds> {
  const sources = new Map<number, SourcePlan>();
  const sinks = new Map<number, SinkPlan>();
  const parallelism = new Map<number, number>();
  for (const node of graph.nodes) {
    let p = node.parallelism ?? ctx.options.parallelism;
    const host: HostContext = { parallelism: p, clock: ctx.clock, options: graph.options, signal: ctx.signal, restored: ctx.restored?.elements(node.uid) };
    if (node.kind === 'source') {
      const plan = await planSource(node, host);
      p = Math.min(p, plan.parallelismMax ?? p);
      sources.set(node.id, p === host.parallelism ? plan : await planSource(node, { ...host, parallelism: p }));
    } else if (node.kind === 'sink') {
      sinks.set(node.id, await planSink(node, host));
    } else if (node.kind === 'values') {
      p = 1;
    }
    parallelism.set(node.id, p);
  }
  return { sources, sinks, parallelism };
}

async function planSource(node: GraphNode, host: HostContext): Promise<SourcePlan> {
  const { source } = node.config as SourceNodeConfig;
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
