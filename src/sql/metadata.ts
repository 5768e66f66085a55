import type { CatalogTable } from './catalog.js';

/** Metadata columns must exist at the connector, and be writable where they are written. */
export function checkMetadata(
  table: CatalogTable,
  keys: readonly (string | undefined)[],
  connector: string,
  known: Readonly<Record<string, { writable: boolean }>>,
  write: boolean,
): void {
  for (const key of keys) {
    if (key === undefined) continue;
    const column = table.columns.find((c) => c.metadataKey === key);
    const names = Object.keys(known).filter((k) => !write || known[k].writable);
    if (names.includes(key)) continue;
    const why = !Object.hasOwn(known, key) ? `has no metadata '${key}'` : `cannot write the metadata '${key}'`;
    const remedy = `${!Object.hasOwn(known, key) ? '' : 'Declare the column VIRTUAL. '}${names.length === 0 ? 'It has none.' : `It has: ${names.join(', ')}.`}`;
    throw column === undefined
      ? table.source.error('SQL_VALIDATION', `connector '${connector}' ${why}`, table.span, remedy)
      : table.source.error('SQL_VALIDATION', `connector '${connector}' ${why}, wanted by column '${column.name}'`, column.span, remedy);
  }
}
