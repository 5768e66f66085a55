import { own } from '../../base/own.js';
import type { Connector } from '../../contract/source.js';
import type { Expr } from '../../types/expr.js';
import { flatten } from '../../types/leaf.js';
import { type Field, type LogicalType, typeToString, withNullable } from '../../types/logical.js';
import type { ColumnNode, CreateTable } from '../ast/statement.js';
import { type Catalog, type CatalogTable, type TableColumn, tableKey } from '../catalog.js';
import { call, column, retype } from '../expr.js';
import type { SourceText } from '../source.js';
import { explicitCast } from '../type/cast.js';
import { sameType } from '../type/common.js';
import { resolveType } from '../type/resolve.js';
import { ExpressionBinder } from './expression.js';
import { Scope, spanOfNames } from './scope.js';

/** What CREATE TABLE declares, checked: columns, computed columns, watermark, key, options. `connector` tells the types of metadata. */
export function bindTable(node: CreateTable, source: SourceText, catalog: Catalog, connector: Connector | undefined): CatalogTable {
  const base = node.like === undefined ? undefined : likeBase(node, source, catalog);
  const scan = scanColumns(node, source, connector, base);
  const scope = new Scope({ fields: scan.fields });
  const binder = new ExpressionBinder(source, scope);
  const columns: TableColumn[] = base === undefined ? [] : [...base.columns];
  for (const c of node.columns) columns.push(bindColumn(c, binder, scan, source));
  const seen = new Set<string>();
  for (const c of columns) {
    if (seen.has(c.name)) throw source.error('SQL_VALIDATION', `the column '${c.name}' is declared twice`, c.span);
    seen.add(c.name);
  }
  if (columns.length === 0) throw source.error('SQL_VALIDATION', 'a table needs at least one column', node.name.span);
  const watermark = bindWatermark(node, columns, source) ?? base?.watermark;
  const marked = columns.map((c) =>
    watermark !== undefined && c.name === watermark.column ? { ...c, type: rowtimeType(c.type), read: { ...c.read, type: rowtimeType(c.type) } as Expr } : c,
  );
  return {
    kind: 'table',
    name: tableKey(node.name, source),
    columns: marked,
    scanSchema: { fields: scan.fields },
    scanMetadata: scan.metadata,
    watermark,
    primaryKey: bindKey(node, columns, source),
    partitionedBy: node.partitionedBy.map((p) => known(p.text, p.span, columns, source)),
    options: new Map([...(base?.options ?? []), ...node.options.map((o) => [o.key, o] as const)]),
    source,
    span: node.name.span,
  };
}

/** LIKE base: every part of it is included, options of the new table win. */
function likeBase(node: CreateTable, source: SourceText, catalog: Catalog): CatalogTable {
  const like = node.like as NonNullable<CreateTable['like']>;
  if (like.choices.length > 0) throw source.error('NOT_SUPPORTED', 'LIKE with INCLUDING, EXCLUDING or OVERWRITING is not supported yet', like.choices[0].span);
  const base = catalog.find(like.name, source);
  if (base.kind === 'view') throw source.error('SQL_VALIDATION', 'LIKE needs a table, not a view', like.name.span);
  if (node.columns.some((c) => c.kind !== 'computed')) {
    throw source.error('NOT_SUPPORTED', 'adding physical or metadata columns to LIKE is not supported yet', like.span);
  }
  return base;
}

interface ScanColumns {
  fields: Field[];
  metadata: (string | undefined)[];
  leafOf: Map<string, number>;
}

function scanColumns(node: CreateTable, source: SourceText, connector: Connector | undefined, base: CatalogTable | undefined): ScanColumns {
  const fields: Field[] = base === undefined ? [] : [...base.scanSchema.fields];
  const metadata: (string | undefined)[] = base === undefined ? [] : [...base.scanMetadata];
  for (const c of node.columns) {
    if (c.kind !== 'physical') continue;
    const type = resolveType(c.type, source);
    if (type.root.startsWith('INTERVAL'))
      throw source.error('SQL_VALIDATION', `a column cannot be of type ${typeToString(type)}`, c.type.span, 'Store the number of months or milliseconds.');
    const inKey = node.primaryKey?.columns.some((k) => k.text === c.name.text) ?? false;
    fields.push({ name: c.name.text, type: inKey ? withNullable(type, false) : type });
    metadata.push(undefined);
  }
  for (const c of node.columns) {
    if (c.kind !== 'metadata') continue;
    const key = c.key ?? c.name.text;
    fields.push({ name: c.name.text, type: own(connector?.metadata ?? {}, key)?.type ?? resolveType(c.type, source) });
    metadata.push(key);
  }
  const leafOf = new Map<string, number>();
  flatten({ fields }).forEach((leaf, i) => {
    if (leaf.path.length === 1) leafOf.set(leaf.path[0], i);
  });
  return { fields, metadata, leafOf };
}

function bindColumn(c: ColumnNode, binder: ExpressionBinder, scan: ScanColumns, source: SourceText): TableColumn {
  const name = c.name.text;
  if (c.kind === 'computed') {
    const read = binder.bindTyped(c.expression);
    return { name, kind: 'computed', type: read.type, read, virtual: true, text: source.slice(c.expression.span), comment: c.comment, span: c.span };
  }
  const type = scan.fields.find((f) => f.name === name)?.type as LogicalType;
  const leaf = column(scan.leafOf.get(name) as number, type);
  if (c.kind === 'physical') return { name, kind: 'physical', type, read: leaf, virtual: false, comment: c.comment, span: c.span };
  const declared = resolveType(c.type, source);
  const key = c.key ?? name;
  if (!sameType(type, declared) && explicitCast(type, declared) !== 'yes') {
    throw source.error('TYPE_MISMATCH', `the metadata '${key}' is ${typeToString(type)}, which has no cast to ${typeToString(declared)}`, c.type.span);
  }
  // the declared nullability holds, as in Flink
  const read = sameType(type, declared) ? retype(leaf, declared) : call('cast', [leaf], declared);
  return { name, kind: 'metadata', type: read.type, read, metadataKey: key, virtual: c.virtual, comment: c.comment, span: c.span };
}

function rowtimeType(t: LogicalType): LogicalType {
  return { ...t, attribute: 'rowtime' } as LogicalType;
}

function bindWatermark(node: CreateTable, columns: readonly TableColumn[], source: SourceText): CatalogTable['watermark'] {
  const w = node.watermark;
  if (w === undefined) return undefined;
  const span = spanOfNames(w.column);
  if (w.column.length > 1) throw source.error('NOT_SUPPORTED', 'a nested column as event time is not supported yet', span, 'Add a computed column for it.');
  const name = known(w.column[0].text, span, columns, source);
  const timeColumn = columns.find((c) => c.name === name) as TableColumn;
  const type = timeColumn.type;
  if ((type.root !== 'TIMESTAMP' && type.root !== 'TIMESTAMP_LTZ') || type.precision > 3) {
    throw source.error(
      'TYPE_MISMATCH',
      `invalid data type of time field for watermark definition: '${name}' is ${typeToString(type)}`,
      span,
      'The field must be of type TIMESTAMP(p) or TIMESTAMP_LTZ(p) with p from 0 to 3.',
    );
  }
  if (type.attribute === 'proctime') throw source.error('SQL_VALIDATION', 'a processing-time column cannot have a watermark', span);
  // the strategy may read every column, computed ones too
  const all = { fields: columns.map((c) => ({ name: c.name, type: c.type })) };
  const read: Expr[] = [];
  for (const c of columns) {
    read.push(c.read);
    if (c.read.op === 'col' && c.type.root === 'ROW')
      for (let i = 1; i < flatten({ fields: [{ name: c.name, type: c.type }] }).length; i++)
        read.push(column(c.read.index + i, flatten({ fields: [{ name: c.name, type: c.type }] })[i].type));
  }
  const strategy = new ExpressionBinder(source, new Scope(all)).bindTyped(w.strategy);
  if (strategy.type.root !== type.root || (strategy.type as typeof type).precision > 3) {
    throw source.error(
      'TYPE_MISMATCH',
      `the watermark strategy is ${typeToString(strategy.type)}, but the time field is ${typeToString(type)}`,
      w.strategy.span,
    );
  }
  const over = (e: Expr): Expr => (e.op === 'col' ? read[e.index] : e.op === 'lit' ? e : { ...e, args: e.args.map(over) });
  return { column: name, rowtime: toMillis(timeColumn.read), strategy: toMillis(over(strategy)), text: source.slice(w.strategy.span), span: w.span };
}

/** Seconds hold TIMESTAMP(0); event time is in milliseconds everywhere. */
function toMillis(e: Expr): Expr {
  const t = e.type;
  if ((t.root !== 'TIMESTAMP' && t.root !== 'TIMESTAMP_LTZ') || t.precision === 3) return e;
  return call('cast', [e], { root: t.root, precision: 3, nullable: t.nullable });
}

function bindKey(node: CreateTable, columns: readonly TableColumn[], source: SourceText): string[] {
  const key = node.primaryKey;
  if (key === undefined) return [];
  if (key.enforced) {
    throw source.error(
      'SQL_VALIDATION',
      'an ENFORCED primary key is not possible: the data is not ours to check',
      key.span,
      'Write PRIMARY KEY (...) NOT ENFORCED.',
    );
  }
  return key.columns.map((k) => {
    const name = known(k.text, k.span, columns, source);
    if (columns.find((c) => c.name === name)?.kind !== 'physical')
      throw source.error('SQL_VALIDATION', `the key column '${name}' is not a physical column`, k.span);
    return name;
  });
}

function known(name: string, span: { start: number; end: number }, columns: readonly TableColumn[], source: SourceText): string {
  if (columns.some((c) => c.name === name)) return name;
  const scope = new Scope({ fields: columns.map((c) => ({ name: c.name, type: c.type })) });
  scope.resolve([{ text: name, quoted: true, span }], source);
  return name;
}
