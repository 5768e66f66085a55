import { masked } from '../base/secrets.js';
import type { FormatConfig } from '../contract/format.js';
import type { GraphNode, StreamGraph } from '../contract/graph.js';
import type { CalcConfig, GroupAggregateConfig, SinkNodeConfig, SourceNodeConfig, WindowAggregateConfig } from '../contract/nodes.js';
import type { TextOptions } from '../contract/options.js';
import { inTwoPhases } from '../job/two-phase.js';
import type { Expr } from '../types/expr.js';
import { type Schema, typeToString } from '../types/logical.js';
import { describeExpr } from '../wasm/describe.js';
import { changelogMode, groupAggregateText, wantsBefore } from './changelog.js';
import { aggregateText } from './explain-text.js';
import type { PlannedSink } from './physical.js';
import { windowName } from './node-parts.js';
import { inputsOf, leavesOf, type Rel } from './rel.js';

/** What EXPLAIN prints: the optimised algebra, with kinds of rows when `details` ask for CHANGELOG_MODE, then the graph that runs. */
export function explainPlan(sinks: readonly PlannedSink[], graph: StreamGraph, details: readonly string[] = []): string {
  const modes = details.includes('CHANGELOG_MODE');
  const logical = sinks
    .map(
      (s) =>
        `Sink(table=[${s.name}], fields=[${s.sink.schema.fields.map((f) => f.name).join(', ')}]${modes ? ', changelogMode=[NONE]' : ''})\n${tree(s.rel, 0, modes ? s.changelog === 'all' : undefined)}`,
    )
    .join('\n\n');
  return `== Optimized Logical Plan ==\n${logical}\n\n== Physical Plan ==\n${explainGraph(graph)}`;
}

const names = (schema: Schema): string[] => leavesOf(schema).map((l) => l.path.join('.'));

/** `before`: the old rows of updates are wanted; undefined: kinds of rows are not shown. */
function tree(rel: Rel, depth: number, before: boolean | undefined): string {
  const mode = before === undefined ? '' : `, changelogMode=[${changelogMode(rel, before)}])`;
  const text = describeRel(rel);
  const below = before === undefined ? undefined : wantsBefore(rel, before);
  const lines = [`${'   '.repeat(depth)}+- ${mode === '' ? text : text.slice(0, -1) + mode}`, ...inputsOf(rel).map((i) => tree(i, depth + 1, below))];
  return lines.join('\n');
}

function describeRel(rel: Rel): string {
  switch (rel.op) {
    case 'scan':
      return `TableSourceScan(table=[${rel.table.name}], fields=[${rel.schema.fields.map((f) => f.name).join(', ')}])`;
    case 'values':
      return `Values(rows=[${rel.rows.length}])`;
    case 'filter':
      return `Filter(condition=[${describeExpr(rel.condition, names(rel.input.schema))}])`;
    case 'project':
    case 'calc': {
      const below = names(rel.input.schema);
      const where = rel.op === 'calc' && rel.filter !== undefined ? `, where=[${describeExpr(rel.filter, below)}]` : '';
      return `${rel.op === 'calc' ? 'Calc' : 'Project'}(select=[${selectText(rel.exprs, below, rel.schema)}]${where})`;
    }
    case 'tvf':
      return `WindowTableFunction(window=[${windowName(rel.window)}])`;
    case 'aggregate': {
      if (rel.window.kind === 'none') return groupAggregateText(rel);
      const below = names(rel.input.schema);
      const window = rel.window.kind === 'assign' ? `${windowName(rel.window.window)}, ${rel.window.time}` : 'attached';
      const keys = rel.keys.length === 0 ? '' : `groupBy=[${rel.keys.map((k) => below[k]).join(', ')}], `;
      return `WindowAggregate(${keys}window=[${window}], select=[${aggregateText(rel, below)}])`;
    }
    case 'union':
      return 'Union(all=[true])';
  }
}

function selectText(exprs: readonly Expr[], below: readonly string[], schema: Schema): string {
  const out = names(schema);
  return exprs
    .map((e, i) => {
      const text = describeExpr(e, below);
      return text === out[i] ? text : `${text} AS ${out[i]}`;
    })
    .join(', ');
}

/** The graph as text: a node per paragraph, with its expressions as the emitter will compile them. Stable: tests compare it. */
export function explainGraph(graph: StreamGraph): string {
  return graph.nodes.map((n) => explainNode(n, graph)).join('\n');
}

function explainNode(n: GraphNode, graph: StreamGraph): string {
  const { nodes } = graph;
  const inputs = n.inputs.map((e) => `${e.partition}${e.keys === undefined ? '' : `[${e.keys.join(', ')}]`} <- ${e.source}`).join('; ');
  const below = n.inputs.length === 0 ? [] : names(nodes[n.inputs[0].source].output);
  const parallelism = n.parallelism === undefined ? '' : ` parallelism ${n.parallelism}`;
  const head = `${n.id}: ${n.name}${inputs === '' ? '' : `  ${inputs}`}${parallelism}`;
  const output = n.output.fields.length === 0 ? [] : [`output ${n.output.fields.map((f) => `${f.name} ${typeToString(f.type)}`).join(', ')}`];
  const phases = inTwoPhases(graph, n) ? ['two phases where rows change subtask: accumulates before the shuffle as far as that pays'] : [];
  return [head, ...[...details(n, below), ...phases, ...output].map((l) => `   ${l}`)].join('\n');
}

/** Connector and format with the options that the table gives them. */
function connectorLines(c: { readonly connector: string; readonly format?: FormatConfig; readonly options: TextOptions }): string[] {
  const text = (options: TextOptions): string =>
    Object.entries(options)
      .map(([k, v]) => `${k} = ${shown(k, v)}`)
      .join(', ');
  const format = c.format === undefined ? '' : `, format ${c.format.name}`;
  const formatOptions = text(c.format?.options ?? {});
  const options = text(c.options);
  return [`connector ${c.connector}${format}${formatOptions === '' ? '' : ` (${formatOptions})`}`, ...(options === '' ? [] : [`options ${options}`])];
}

function details(n: GraphNode, below: readonly string[]): string[] {
  switch (n.kind) {
    case 'source': {
      const { source, watermark } = n.config as SourceNodeConfig;
      const own = names(source.schema);
      const lines = connectorLines(source);
      if (watermark !== undefined) {
        lines.push(`rowtime ${describeExpr(watermark.rowtime, own)}, watermark ${describeExpr(watermark.watermark, own)}`);
        lines.push(
          `watermark every ${watermark.intervalMs} ms${watermark.perSplit ? ', per split' : ''}${watermark.idleTimeoutMs > 0 ? `, idle after ${watermark.idleTimeoutMs} ms` : ''}`,
        );
      }
      return lines;
    }
    case 'calc': {
      const { filter, project } = n.config as CalcConfig;
      const lines = filter === undefined ? [] : [`where ${describeExpr(filter, below)}`];
      return [...lines, `select ${selectText(project, below, n.output)}`];
    }
    case 'windowAggregate': {
      const c = n.config as WindowAggregateConfig;
      const time = c.time === 'rowtime' ? `rowtime ${below[c.timeColumn]}` : 'proctime';
      return [`${time}, zone ${c.timeZone}`, `select ${aggregateText({ ...c, outputs: c.windowOutputs }, below)}`];
    }
    case 'groupAggregate': {
      const c = n.config as GroupAggregateConfig;
      const mini = c.miniBatch === undefined ? '' : `, mini-batches of ${c.miniBatch.rows} rows or ${c.miniBatch.latencyMs} ms`;
      return [`select ${aggregateText({ ...c, outputs: [] }, below)}`, `changes ${c.updateBefore ? '+I -U +U' : '+I +U'}${c.retracts ? ' -D' : ''}${mini}`];
    }
    case 'sink':
      return connectorLines((n.config as SinkNodeConfig).sink);
    default:
      return [];
  }
}

function shown(key: string, value: string): string {
  const text = masked(key, value);
  return text === value ? `'${value}'` : text;
}
