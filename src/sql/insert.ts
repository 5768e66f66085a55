import { setOwn } from '../base/own.js';
import type { TextOptions } from '../contract/options.js';
import type { SinkConfig } from '../contract/sink.js';
import type { Expr } from '../types/expr.js';
import { flatten } from '../types/leaf.js';
import { type Field, NULL_TYPE, type Schema, typeToString } from '../types/logical.js';
import type { Insert } from './ast/statement.js';
import { bindQuery, leafExprs, type QueryEnv } from './bind/query.js';
import { type CatalogTable, DEFAULT_CATALOG, DEFAULT_DATABASE, type TableColumn } from './catalog.js';
import { checkSinkChangelog } from './changelog.js';
import { convert, literal } from './expr.js';
import { optimize } from './optimize.js';
import { checkFormatColumns, placeOptionError, tableOptions } from './options.js';
import { checkMetadata } from './metadata.js';
import type { PlannedSink } from './physical.js';
import { leafRefs, leavesOf, type Rel } from './rel.js';
import { implicitCast } from './type/cast.js';
import { plainType } from './type/common.js';

/** The columns a sink is given: physical ones and writable metadata. */
export function sinkColumns(table: CatalogTable): readonly TableColumn[] {
  return table.columns.filter((c) => c.kind === 'physical' || (c.kind === 'metadata' && !c.virtual));
}

/** INSERT INTO: the query's columns against the sink's, cast where Flink casts by itself. */
export async function planInsert(insert: Insert, env: QueryEnv): Promise<PlannedSink> {
  const { source } = env;
  if (insert.overwrite) throw source.error('SQL_VALIDATION', 'a stream cannot INSERT OVERWRITE', insert.span, 'Use INSERT INTO.');
  if (insert.partition !== undefined)
    throw source.error('NOT_SUPPORTED', 'INSERT with PARTITION is not supported yet', insert.partition, 'Put the values into the query.');
  const entry = env.catalog.find(insert.table, source);
  if (entry.kind === 'view') throw source.error('SQL_VALIDATION', `'${entry.name}' is a view; rows go into tables`, insert.table.span);
  const columns = sinkColumns(entry);
  const query = bindQuery(insert.query, env);
  const rel = optimize(intoSink(query, insert, entry, columns, env));
  const given: Record<string, string> = {};
  for (const o of entry.options.values()) setOwn(given, o.key, o.value);
  for (const o of insert.options) setOwn(given, o.key, o.value);
  const planned = await sinkConfig(entry, columns, given, insert, env);
  checkSinkChangelog(rel, entry.name, planned.changelog, planned.sink.primaryKey, { source, span: insert.table.span });
  return { rel, name: entry.name, ...planned };
}

/** A project to the sink's columns, or Flink's error with both schemas. */
function intoSink(query: Rel, insert: Insert, table: CatalogTable, columns: readonly TableColumn[], env: QueryEnv): Rel {
  const targets = insert.columns === undefined ? columns : insert.columns.map((name) => targetColumn(name, columns, table, env));
  const from = query.schema.fields;
  const mismatch = (cause: string): Error =>
    env.source.error(
      'TYPE_MISMATCH',
      [
        `column types of query result and sink for '${DEFAULT_CATALOG}.${DEFAULT_DATABASE}.${table.name}' do not match`,
        `Cause: ${cause}`,
        `Query schema: ${schemaText(from)}`,
        `Sink schema:  ${schemaText(targets)}`,
      ].join('\n  '),
      insert.query.span,
    );
  const times = from.filter((f) => (f.type as { attribute?: string }).attribute === 'rowtime').map((f) => f.name);
  if (times.length > 1) {
    throw env.source.error(
      'SQL_VALIDATION',
      `the query contains more than one rowtime attribute column [${times.join(', ')}] for writing into table '${table.name}'`,
      insert.query.span,
      'CAST all but one to TIMESTAMP or TIMESTAMP_LTZ.',
    );
  }
  const twice = insert.columns?.find((name, i, all) => all.findIndex((n) => n.text === name.text) < i);
  if (twice !== undefined) throw env.source.error('SQL_VALIDATION', `the column '${twice.text}' is given twice`, twice.span);
  if (from.length !== targets.length) throw mismatch('different number of columns');
  const refs = leafRefs(query.schema);
  let leaf = 0;
  const values = targets.map((t, i): Expr[] => {
    const type = from[i].type;
    if (!implicitCast(type, t.type)) throw mismatch(`incompatible types for sink column '${t.name}' at position ${i}`);
    const count = flatten({ fields: [from[i]] }).length;
    const to = flatten({ fields: [{ name: t.name, type: t.type }] });
    const own = refs.slice(leaf, leaf + count).map((e, k) => (e.type.root === 'ROW' ? e : convert(e, to[k].type)));
    leaf += count;
    return own;
  });
  const exprs = columns.flatMap((c) => {
    const at = targets.findIndex((t) => t.name === c.name);
    if (at >= 0) return values[at];
    if (!c.type.nullable)
      throw env.source.error('SQL_VALIDATION', `the column '${c.name}' of '${table.name}' is NOT NULL and gets no value`, insert.table.span);
    return leavesOf({ fields: [{ name: c.name, type: c.type }] }).flatMap((l) => leafExprs(literal(null, l.type.root === 'ROW' ? NULL_TYPE() : l.type)));
  });
  return { op: 'project', input: query, exprs, schema: sinkSchema(columns) };
}

function targetColumn(
  name: { text: string; span: { start: number; end: number } },
  columns: readonly TableColumn[],
  table: CatalogTable,
  env: QueryEnv,
): TableColumn {
  const found = columns.find((c) => c.name === name.text);
  if (found !== undefined) return found;
  throw env.source.error(
    'UNKNOWN_COLUMN',
    `'${table.name}' has no column '${name.text}' to write`,
    name.span,
    `It has: ${columns.map((c) => c.name).join(', ')}.`,
  );
}

const schemaText = (fields: readonly { name: string; type: Field['type'] }[]): string =>
  `[${fields.map((f) => `${f.name}: ${typeToString(plainType(f.type))}`).join(', ')}]`;

function sinkSchema(columns: readonly TableColumn[]): Schema {
  return { fields: columns.map((c) => ({ name: c.name, type: plainType(c.type) })) };
}

async function sinkConfig(
  table: CatalogTable,
  columns: readonly TableColumn[],
  given: TextOptions,
  insert: Insert,
  env: QueryEnv,
): Promise<Pick<PlannedSink, 'sink' | 'parallelism' | 'changelog'>> {
  const place = env.source.place(insert.table.span);
  const found = await tableOptions(table, given, 'sink', place);
  const metadata = columns.map((c) => c.metadataKey);
  checkMetadata(table, metadata, found.connector.name, found.connector.metadata ?? {}, true);
  const schema = sinkSchema(columns);
  await checkFormatColumns(found.format, schema, metadata, place);
  const leaves = leavesOf(schema);
  const sink: SinkConfig = {
    connector: found.connector.name,
    tableName: table.name,
    options: found.options,
    format: found.format,
    schema,
    metadata,
    partitionKeys: table.partitionedBy,
    primaryKey: table.primaryKey.map((k) => leaves.findIndex((l) => l.path.length === 1 && l.path[0] === k)),
  };
  try {
    found.connector.checkSink?.(sink, place);
  } catch (e) {
    throw placeOptionError(table, 'sink', place, e);
  }
  return { sink, parallelism: found.parallelism, changelog: found.connector.changelog ?? 'insert' };
}
