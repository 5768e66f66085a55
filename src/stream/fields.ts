import { MillraceError } from '../base/errors.js';
import { isInherited } from '../base/own.js';
import { TEXT_FIELD, VALUE_FIELD } from '../batch/element.js';
import { type LogicalType, type Schema, typeToString } from '../types/logical.js';

/** Elements without a declared schema. */
export function isValues(schema: Schema): boolean {
  return schema.fields[0]?.name === VALUE_FIELD;
}

export function fieldKey(names: string[]): (value: unknown) => unknown {
  const read = (value: unknown, path: string): unknown =>
    path
      .split('.')
      .reduce<unknown>(
        (v, p) => (v === null || v === undefined || (isInherited(p) && !Object.hasOwn(v, p)) ? null : (v as Record<string, unknown>)[p]) ?? null,
        value,
      );
  if (names.length === 1) return (value) => read(value, names[0]);
  return (value) => Object.fromEntries(names.map((n) => [n, read(value, n)]));
}

export function sameFields(a: Schema, b: Schema): boolean {
  return a.fields.length === b.fields.length && a.fields.every((f, i) => f.name === b.fields[i].name && sameType(f.type, b.fields[i].type));
}
function sameType(a: LogicalType, b: LogicalType): boolean {
  return typeToString({ ...a, nullable: true }) === typeToString({ ...b, nullable: true });
}
export function typesOf(schema: Schema): string {
  return isValues(schema) ? 'JS values' : schema.fields.map((f) => typeToString({ ...f.type, nullable: true })).join(', ');
}

export function unknownField(name: string, schema: Schema): MillraceError {
  return new MillraceError('UNKNOWN_COLUMN', `there is no field '${name}'`, {
    remedy: isValues(schema)
      ? 'The elements are JS values: declare their fields with .returns(schema({ ... })).'
      : `Fields: ${schema.fields.map((f) => f.name).join(', ')}.`,
  });
}

/** One text per element, which `print` writes as it is. */
export const LINE: Schema = { fields: [{ name: TEXT_FIELD, type: { root: 'VARCHAR', length: 2147483647, nullable: true } }] };
