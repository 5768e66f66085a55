import { type Schema, typeToString, withNullable } from '../types/logical.js';
import type { CatalogEntry, TableColumn } from './catalog.js';

const HEADER = ['name', 'type', 'null', 'key', 'extras', 'watermark'];

/** What DESCRIBE prints, in Flink's columns; expressions as they were written. */
export function describeTable(schema: Schema, entry: CatalogEntry): string {
  const table = entry.kind === 'table' ? entry : undefined;
  const columns = schema.fields.map((f) => table?.columns.find((c) => c.name === f.name));
  const comments = columns.some((c) => c?.comment !== undefined);
  const rows = schema.fields.map((f, i) => [
    f.name,
    typeToString(withNullable(f.type, true)),
    f.type.nullable ? 'TRUE' : 'FALSE',
    table?.primaryKey.includes(f.name) === true ? `PRI(${table.primaryKey.join(', ')})` : '',
    extras(columns[i]),
    table?.watermark?.column === f.name ? table.watermark.text : '',
    ...(comments ? [columns[i]?.comment ?? ''] : []),
  ]);
  const shown = [comments ? [...HEADER, 'comment'] : HEADER, ...rows];
  const widths = shown[0].map((_, k) => Math.max(...shown.map((r) => r[k].length)));
  const line = `+${widths.map((w) => '-'.repeat(w + 2)).join('+')}+`;
  const text = shown.map((r) => `|${r.map((cell, k) => ` ${cell.padStart(widths[k])} `).join('|')}|`);
  return [line, text[0], line, ...text.slice(1), line, `${rows.length} row${rows.length === 1 ? '' : 's'} in set`].join('\n');
}

function extras(c: TableColumn | undefined): string {
  if (c?.kind === 'computed') return `AS ${c.text}`;
  if (c?.kind !== 'metadata') return '';
  return `METADATA${c.metadataKey === c.name ? '' : ` FROM '${c.metadataKey}'`}${c.virtual ? ' VIRTUAL' : ''}`;
}
