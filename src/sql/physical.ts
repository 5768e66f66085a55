import type { GraphEdge, GraphNode, StreamGraph } from '../contract/graph.js';
import type { CalcConfig, GroupAggregateConfig, SinkNodeConfig, SourceNodeConfig, ValuesConfig, WindowAggregateConfig } from '../contract/nodes.js';
import type { TextOptions } from '../contract/options.js';
import type { SinkConfig } from '../contract/sink.js';
import type { SinkChangelog, SourceConfig } from '../contract/source.js';
import { emitNode } from '../job/emit.js';
import type { Expr } from '../types/expr.js';
import type { Schema } from '../types/logical.js';
import { MillraceError } from '../base/errors.js';
import { checkRetractable, needsUpdateBefore, refuseTtl, refuseWindow, updates } from './changelog.js';
import { balanced, columnsOf } from './expr.js';
import type { CatalogTable } from './catalog.js';
import { checkFormatColumns, type PlannerSettings, placeOptionError, tableOptions } from './options.js';
import { type AggregateRel, type CalcRel, inputsOf, leavesOf, type Rel, type ScanRel } from './rel.js';
import { checkMetadata } from './metadata.js';
import { checkPatterns } from './patterns.js';
import { aggregateKeys, calcName, passesAll, plainCalls, plainSchema, sameNames, windowName } from './node-parts.js';
import { asCalc, narrow, remap } from './rules/prune.js';
import { plainType } from './type/common.js';

/** One INSERT, or a query whose rows are shown. */
export interface PlannedSink {
  readonly rel: Rel;
  readonly name: string;
  /** the sink's config and how many subtasks it wants */
  readonly sink: SinkConfig;
  readonly parallelism?: number;
  /** the changes the sink takes */
  readonly changelog: SinkChangelog;
}

export interface PhysicalOptions {
  readonly settings: PlannerSettings;
  readonly options: TextOptions;
  readonly name: string;
}

interface Source {
  readonly id: number;
  readonly schema: Schema;
  readonly map: ReadonlyMap<number, number>;
}

/** Optimised logical plans -> one graph. Statements that read a table in the same way share one source. */
export async function buildGraph(sinks: readonly PlannedSink[], how: PhysicalOptions): Promise<StreamGraph> {
  const builder = new GraphBuilder(how.settings);
  for (const s of sinks) builder.need(s.rel, undefined);
  await builder.addSources();
  for (const s of sinks) builder.addSink(s);
  const graph: StreamGraph = { nodes: builder.nodes, options: how.options, name: how.name };
  // what the emitter refuses is refused here, with its place; the job finds the bytes again
  for (const node of graph.nodes) emitNode(graph, node);
  await checkPatterns(graph);
  return graph;
}

class GraphBuilder {
  readonly nodes: GraphNode[] = [];
  readonly #settings: PlannerSettings;
  readonly #needs = new Map<string, { scan: ScanRel; leaves: Set<number> }>();
  readonly #sources = new Map<string, Source>();
  readonly #uids = new Map<string, number>();
  readonly #tableIds = new Map<CatalogTable, number>();

  constructor(settings: PlannerSettings) {
    this.#settings = settings;
  }

  #key(scan: ScanRel): string {
    if (!this.#tableIds.has(scan.table)) this.#tableIds.set(scan.table, this.#tableIds.size);
    return `${this.#tableIds.get(scan.table)} ${JSON.stringify(scan.options)}`;
  }

  /** Collects what is read of each scan. */
  need(rel: Rel, reader: CalcRel | undefined): void {
    if (rel.op !== 'scan') {
      for (const i of inputsOf(rel)) this.need(i, rel.op === 'calc' ? rel : undefined);
      return;
    }
    const key = this.#key(rel);
    let entry = this.#needs.get(key);
    if (entry === undefined) {
      entry = { scan: rel, leaves: new Set() };
      this.#needs.set(key, entry);
    }
    const calc = reader ?? asCalc(rel);
    for (const e of calc.filter === undefined ? calc.exprs : [calc.filter, ...calc.exprs]) columnsOf(e, entry.leaves);
    if (rel.watermark !== undefined) for (const e of [rel.watermark.rowtime, rel.watermark.strategy]) columnsOf(e, entry.leaves);
  }

  async addSources(): Promise<void> {
    for (const [key, { scan, leaves }] of this.#needs) {
      // a source without columns would have nothing to count rows by
      if (leaves.size === 0) leaves.add(leavesOf(scan.schema).findIndex((l) => l.type.root !== 'ROW'));
      const { schema, kept } = narrow(scan.schema, leaves);
      const map = new Map(kept.map((k, i) => [k, i]));
      const id = await this.#addSource(scan, schema, map);
      this.#sources.set(key, { id, schema: this.nodes[id].output, map });
    }
  }

  async #addSource(scan: ScanRel, schema: Schema, map: ReadonlyMap<number, number>): Promise<number> {
    const { table } = scan;
    const place = scan.origin.source.place(scan.origin.span);
    const found = await tableOptions(table, scan.options, 'source', place);
    const metadataOf = new Map(table.scanSchema.fields.map((f, i) => [f.name, table.scanMetadata[i]]));
    const metadata = schema.fields.map((f) => metadataOf.get(f.name));
    checkMetadata(table, metadata, found.connector.name, found.connector.metadata ?? {}, false);
    await checkFormatColumns(found.format, schema, metadata, place);
    const source: SourceConfig = {
      connector: found.connector.name,
      tableName: table.name,
      options: found.options,
      format: found.format,
      schema,
      metadata,
      tableSchema: { fields: table.scanSchema.fields.filter((_, i) => table.scanMetadata[i] === undefined) },
    };
    try {
      found.connector.checkSource?.(source, place);
    } catch (e) {
      throw placeOptionError(table, 'source', place, e);
    }
    const config: SourceNodeConfig = { source, watermark: this.#watermark(scan, schema, map, found) };
    return this.#add({
      kind: 'source',
      uid: `source-${table.name}`,
      name: `source(${table.name})`,
      config,
      inputs: [],
      output: schema,
      parallelism: found.parallelism,
    });
  }

  #watermark(scan: ScanRel, schema: Schema, map: ReadonlyMap<number, number>, found: Awaited<ReturnType<typeof tableOptions>>): SourceNodeConfig['watermark'] {
    if (scan.watermark === undefined) return undefined;
    const rowtime = remap(scan.watermark.rowtime, map, schema);
    return {
      rowtime: { ...rowtime, type: plainType(rowtime.type) } as Expr,
      watermark: remap(scan.watermark.strategy, map, schema),
      intervalMs: found.watermarkEachRecord ? 0 : this.#settings.watermarkIntervalMs,
      perSplit: found.connector.watermarkPerSplit ?? false,
      idleTimeoutMs: found.idleTimeoutMs ?? this.#settings.idleTimeoutMs,
      timeZone: this.#settings.timeZone,
    };
  }

  addSink(s: PlannedSink): void {
    const changes = updates(s.rel);
    let inputs = this.#plan(s.rel, s.changelog === 'all');
    let { parallelism } = s;
    if (changes && parallelism === undefined) parallelism = this.#parallelismOf(inputs);
    // changes of a row stay in order: in the subtask they come from, or in the one that owns the row
    else if (changes && s.sink.primaryKey.length > 0) inputs = inputs.map((e): GraphEdge => ({ ...e, partition: 'hash', keys: s.sink.primaryKey }));
    else if (changes && parallelism !== 1)
      throw new MillraceError('NOT_SUPPORTED', `sink.parallelism of '${s.name}', whose rows change and have no primary key`, {
        place: { operator: s.name },
        remedy: 'Leave sink.parallelism out, or declare PRIMARY KEY (...) NOT ENFORCED.',
      });
    const config: SinkNodeConfig = { sink: s.sink };
    this.#add({ kind: 'sink', uid: `sink-${s.name}`, name: `sink(${s.name})`, config, inputs, output: { fields: [] }, parallelism });
  }

  /** The edges on which a relation's rows leave. `before`: the old rows of updates are wanted. */
  #plan(rel: Rel, before: boolean): GraphEdge[] {
    switch (rel.op) {
      case 'scan':
        return this.#planCalc(asCalc(rel), before);
      case 'calc':
        return this.#planCalc(rel, needsUpdateBefore(rel, before));
      case 'aggregate':
        return rel.window.kind === 'none' ? this.#planGroups(rel, before) : this.#planAggregate(rel);
      case 'union': {
        const inputs = rel.inputs.flatMap((i) => this.#plan(i, before));
        const parallelism = updates(rel) ? this.#parallelismOf(inputs) : undefined;
        return [forward(this.#add({ kind: 'union', uid: 'union', name: 'union', config: {}, inputs, output: plainSchema(rel.schema), parallelism }))];
      }
      case 'values': {
        const config: ValuesConfig = { rows: rel.rows.map((r) => r.map((l) => l.value)) };
        return [forward(this.#add({ kind: 'values', uid: 'values', name: 'values', config, inputs: [], output: plainSchema(rel.schema), parallelism: 1 }))];
      }
      case 'tvf':
        throw rel.origin.source.error(
          'NOT_SUPPORTED',
          'a SESSION or processing-time window function, or a HOP of very many windows, whose rows are not aggregated is not supported yet',
          rel.origin.span,
          'Aggregate with GROUP BY window_start, window_end.',
        );
      default:
        throw new RangeError(`${rel.op} is not physical`);
    }
  }

  #planCalc(rel: CalcRel, before: boolean): GraphEdge[] {
    let { filter, exprs } = rel;
    let inputs: GraphEdge[];
    let below: Schema;
    if (rel.input.op === 'scan') {
      const source = this.#sources.get(this.#key(rel.input)) as Source;
      const over = (e: Expr): Expr => remap(e, source.map, source.schema);
      filter = filter === undefined ? undefined : over(filter);
      exprs = exprs.map(over);
      inputs = [forward(source.id)];
      below = source.schema;
    } else {
      inputs = this.#plan(rel.input, before);
      below = rel.input.schema;
    }
    const output = plainSchema(rel.schema);
    if (filter === undefined && passesAll(exprs, below, output) && (sameNames(below, output) || this.#rename(inputs[0].source, output))) return inputs;
    const config: CalcConfig = { filter: filter === undefined ? undefined : balanced(filter), project: exprs.map(balanced), timeZone: this.#settings.timeZone };
    const parallelism = updates(rel.input) ? this.#parallelismOf(inputs) : undefined;
    return [forward(this.#add({ kind: 'calc', uid: 'calc', name: calcName(rel), config, inputs, output, parallelism }))];
  }

  /** Gives a node's output other column names; a source's own names mean something. */
  #rename(id: number, output: Schema): boolean {
    const node = this.nodes[id];
    if (node.kind === 'source') return false;
    this.nodes[id] = { ...node, output };
    return true;
  }

  /** The parallelism that one of the inputs is bound to: changes of a row must not part ways. */
  #parallelismOf(inputs: readonly GraphEdge[]): number | undefined {
    return inputs.map((e) => this.nodes[e.source].parallelism).find((p) => p !== undefined);
  }

  #planGroups(rel: AggregateRel, before: boolean): GraphEdge[] {
    const retracts = updates(rel.input);
    if (retracts) checkRetractable(rel);
    if (this.#settings.stateTtlMs > 0) throw refuseTtl(rel);
    const inputs = this.#plan(rel.input, true).map((e): GraphEdge => ({ ...e, partition: 'hash', keys: rel.keys }));
    const { miniBatch } = this.#settings;
    const config: GroupAggregateConfig = {
      keys: rel.keys,
      calls: plainCalls(rel),
      retracts,
      updateBefore: before,
      ...(miniBatch === undefined ? {} : { miniBatch }),
    };
    const node = {
      kind: 'groupAggregate',
      uid: 'group',
      name: rel.keys.length === 0 ? 'group' : `group by ${aggregateKeys(rel)}`,
      config,
      inputs,
      output: plainSchema(rel.schema),
      parallelism: rel.keys.length === 0 ? 1 : undefined,
    };
    return [forward(this.#add(node))];
  }

  #planAggregate(rel: AggregateRel): GraphEdge[] {
    const w = rel.window;
    if (w.kind !== 'assign') throw new RangeError('an aggregate without windows is not physical');
    if (updates(rel.input)) throw refuseWindow(rel);
    const input = this.#plan(rel.input, false);
    const inputs = input.map((e): GraphEdge => ({ ...e, partition: 'hash', keys: rel.keys }));
    const config: WindowAggregateConfig = {
      window: w.window,
      time: w.time,
      timeColumn: w.timeColumn,
      timeZone: w.timeZone,
      keys: rel.keys,
      calls: plainCalls(rel),
      windowOutputs: rel.outputs,
    };
    const node = {
      kind: 'windowAggregate',
      uid: 'window',
      name: `window(${windowName(w.window)})${rel.keys.length === 0 ? '' : ` on ${aggregateKeys(rel)}`}`,
      config,
      inputs,
      output: plainSchema(rel.schema),
      parallelism: rel.keys.length === 0 ? 1 : undefined,
    };
    return [forward(this.#add(node))];
  }

  #add(node: Omit<GraphNode, 'id'>): number {
    const id = this.nodes.length;
    const n = (this.#uids.get(node.uid) ?? 0) + 1;
    this.#uids.set(node.uid, n);
    const { parallelism, ...rest } = node;
    this.nodes.push({ id, ...rest, uid: n === 1 ? node.uid : `${node.uid}-${n}`, ...(parallelism === undefined ? {} : { parallelism }) });
    return id;
  }
}

const forward = (source: number): GraphEdge => ({ source, partition: 'forward' });
