import type { SinkChangelog } from '../contract/source.js';
import type { Expr } from '../types/expr.js';
import type { LogicalType } from '../types/logical.js';
import { aggregateText } from './explain-text.js';
import { type AggregateRel, inputsOf, leavesOf, type Rel } from './rel.js';
import type { SourceText, Span } from './source.js';
import { DEFAULT_CATALOG, DEFAULT_DATABASE } from './catalog.js';

/** Do the relation's rows change later (-U, +U, -D), or are they all new? */
export function updates(rel: Rel): boolean {
  if (rel.op === 'aggregate' && rel.window.kind === 'none') return true;
  return rel.op !== 'aggregate' && rel.op !== 'tvf' && inputsOf(rel).some(updates);
}

/** The first relation below that changes its rows. */
function changing(rel: Rel): AggregateRel | undefined {
  if (rel.op === 'aggregate') return rel.window.kind === 'none' ? rel : changing(rel.input);
  for (const i of inputsOf(rel)) {
    const found = changing(i);
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * Must what is below a relation send the old row of an update? Needed by whoever takes rows back (another aggregate), by a sink that wants all changes, and
 * by a filter: an update may leave what it passes (Flink's FLINK-9528).
 */
export function needsUpdateBefore(rel: Rel, wanted: boolean): boolean {
  return wanted || (rel.op === 'calc' && rel.filter !== undefined);
}

/** The kinds of rows that leave a relation, as Flink's EXPLAIN CHANGELOG_MODE names them: `I,UB,UA,D`. */
export function changelogMode(rel: Rel, before: boolean): string {
  if (rel.op === 'aggregate' && rel.window.kind === 'none') return `I${before ? ',UB' : ''},UA${updates(rel.input) ? ',D' : ''}`;
  if (!updates(rel)) return 'I';
  const below = new Set(inputsOf(rel).flatMap((i) => changelogMode(i, wantsBefore(rel, before)).split(',')));
  return ['I', 'UB', 'UA', 'D'].filter((k) => below.has(k)).join();
}

/** Does a relation want old rows of its inputs, when it was asked for them (`before`) or not? */
export function wantsBefore(rel: Rel, before: boolean): boolean {
  return rel.op === 'aggregate' || needsUpdateBefore(rel, before);
}

/** Columns that know a row of the changelog; undefined when no set of columns does. */
export function upsertKey(rel: Rel): ReadonlySet<number> | undefined {
  switch (rel.op) {
    case 'aggregate':
      return new Set(rel.keys.keys());
    case 'calc': {
      const below = upsertKey(rel.input);
      if (below === undefined) return undefined;
      const at = [...below].map((k) => rel.exprs.findIndex((e) => passes(e, k)));
      return at.includes(-1) ? undefined : new Set(at);
    }
    default:
      return undefined;
  }
}

/** The column itself, or a cast of it that keeps different values different. */
function passes(e: Expr, leaf: number): boolean {
  if (e.op === 'col') return e.index === leaf;
  if (e.op !== 'call' || e.fn !== 'cast' || !passes(e.args[0], leaf)) return false;
  const from = e.args[0].type;
  const to = e.type;
  const isText = (t: LogicalType): t is LogicalType & { length: number } => t.root === 'CHAR' || t.root === 'VARCHAR';
  if (isText(from) && isText(to)) return to.root === 'VARCHAR' && to.length >= from.length;
  return INTEGERS.includes(from.root) && INTEGERS.indexOf(to.root) >= INTEGERS.indexOf(from.root);
}
const INTEGERS: readonly LogicalType['root'][] = ['TINYINT', 'SMALLINT', 'INTEGER', 'BIGINT'];

export interface SinkPlace {
  readonly source: SourceText;
  readonly span: Span;
}

/** Refuses a changelog that the sink does not take, with Flink's reason. */
export function checkSinkChangelog(rel: Rel, table: string, takes: SinkChangelog, primaryKey: readonly number[], at: SinkPlace): void {
  if (!updates(rel)) return;
  const sink = `Table sink '${DEFAULT_CATALOG}.${DEFAULT_DATABASE}.${table}'`;
  if (takes === 'insert') {
    throw at.source.error(
      'SQL_VALIDATION',
      `${sink} doesn't support consuming update changes which is produced by node ${groupAggregateText(changing(rel) as AggregateRel)}`,
      at.span,
      "Write into 'print', 'blackhole' or 'upsert-kafka', or group by a window: its results are final.",
    );
  }
  if (takes !== 'upsert' || primaryKey.length === 0) return;
  const key = upsertKey(rel);
  if (key === undefined || key.size !== primaryKey.length || !primaryKey.every((k) => key.has(k))) {
    throw at.source.error(
      'NOT_SUPPORTED',
      `the primary key of ${sink} differs from the columns by which the query's rows change, which is not supported yet`,
      at.span,
      'Declare the GROUP BY columns as the primary key.',
    );
  }
}

/** `GroupAggregate(groupBy=[k], select=[k, COUNT(*) AS c])`, as Flink's plans show it. */
export function groupAggregateText(rel: AggregateRel): string {
  const names = rel.schema.fields.map((f) => f.name);
  const below = leavesOf(rel.input.schema).map((l) => l.path.join('.'));
  const by = rel.keys.length === 0 ? '' : `groupBy=[${rel.keys.map((k) => below[k]).join(', ')}], `;
  return `GroupAggregate(${by}select=[${aggregateText({ ...rel, outputs: [], names }, below)}])`;
}

/** MIN, MAX and DISTINCT keep no values to go back to. */
export function checkRetractable(rel: AggregateRel): void {
  const call = rel.calls.find((c) => c.fn === 'min' || c.fn === 'max' || c.distinct);
  if (call === undefined) return;
  const what = call.distinct ? `${call.fn.toUpperCase()}(DISTINCT)` : call.fn.toUpperCase();
  throw refuse(rel, `${what} over rows that change (of another GROUP BY without windows)`, 'COUNT, SUM and AVG over them work.');
}

export const refuseTtl = (rel: AggregateRel): Error =>
  refuse(rel, 'state that expires (table.exec.state.ttl)', 'RESET it: without it groups are kept for ever.');

export const refuseWindow = (rel: AggregateRel): Error =>
  refuse(rel, 'a window over rows that change (of a GROUP BY without windows)', 'Group by windows first.');

function refuse(rel: AggregateRel, what: string, remedy: string): Error {
  return rel.origin.source.error('NOT_SUPPORTED', `${what} is not supported yet`, rel.origin.span, remedy);
}
