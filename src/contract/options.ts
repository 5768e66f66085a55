import * as v from 'valibot';
import { type ErrorPlace, MillraceError, nearest } from '../base/errors.js';
import { setOwn } from '../base/own.js';
import { parseDurationMs, parseMemoryBytes } from '../base/quantity.js';

/** Text options as Flink writes them: `'key' = 'value'`. */
export type TextOptions = Readonly<Record<string, string>>;

/** How one option's text becomes a value. */
export interface OptionKind<T> {
  readonly schema: v.GenericSchema<string, T>;
  readonly expected: string;
}

const kind = <T>(schema: v.GenericSchema<string, T>, expected: string): OptionKind<T> => ({ schema, expected });

/** Runs a parser inside a valibot schema: a thrown error is a validation issue. */
const parsed = <T>(parse: (s: string) => T) =>
  v.pipe(
    v.string(),
    v.rawTransform<string, T>(({ dataset, addIssue, NEVER }) => {
      try {
        return parse(dataset.value);
      } catch (e) {
        addIssue({ message: e instanceof Error ? e.message : String(e) });
        return NEVER;
      }
    }),
  );

export const optionKind = {
  string: kind(v.string(), 'a text'),
  /** a local path or file: URI; an empty one would mean the folder in which millrace was started, to read and to write */
  path: kind(
    v.pipe(
      v.string(),
      v.check((s) => !/^\s*(file:(\/\/)?\s*)?$/i.test(s)),
    ),
    "a path ('.' is the folder in which millrace was started)",
  ),
  boolean: kind(
    v.pipe(
      v.string(),
      v.toLowerCase(),
      v.picklist(['true', 'false']),
      v.transform((s) => s === 'true'),
    ),
    "'true' or 'false'",
  ),
  int: kind(v.pipe(v.string(), v.trim(), v.regex(/^[+-]?\d+$/), v.transform(Number), v.safeInteger()), 'a whole number'),
  double: kind(v.pipe(v.string(), v.trim(), v.transform(Number), v.finite()), 'a number'),
  durationMs: kind(parsed(parseDurationMs), "a duration such as '5 s', '100 ms' or '1 min'"),
  memoryBytes: kind(parsed(parseMemoryBytes), "a size such as '64 kb' or '128 mb'"),
  oneOf: <const T extends string>(...names: readonly T[]): OptionKind<T> =>
    kind(v.pipe(v.string(), v.toLowerCase(), v.picklist(names)) as unknown as v.GenericSchema<string, T>, `one of ${names.map((n) => `'${n}'`).join(', ')}`),
};

export interface OptionDef<T> {
  readonly kind: OptionKind<T>;
  /** used when the option is absent; undefined = the result is undefined */
  readonly default?: T;
  readonly required?: boolean;
  readonly doc: string;
}

/** Options by their full key. A key that ends in `*` accepts every key with that prefix and yields a record keyed by the rest. */
export type OptionDefs = Readonly<Record<string, OptionDef<unknown>>>;

export const option = <T, D extends T | undefined = undefined>(k: OptionKind<T>, doc: string, def?: D): OptionDef<T> & { readonly default: D } => ({
  kind: k,
  doc,
  default: def as D,
});
export const requiredOption = <T>(k: OptionKind<T>, doc: string): OptionDef<T> & { readonly required: true } => ({ kind: k, doc, required: true });

export type OptionValues<D extends OptionDefs> = {
  -readonly [K in keyof D]: K extends `${string}*`
    ? Record<string, D[K] extends OptionDef<infer T> ? T : never>
    : D[K] extends { required: true } & OptionDef<infer T>
      ? T
      : D[K] extends OptionDef<infer T> & { default: infer F }
        ? F extends undefined
          ? T | undefined
          : T
        : never;
};

/**
 * Checks and converts text options. Fails with UNKNOWN_OPTION (naming the nearest key), INVALID_OPTION or MISSING_OPTION.
 * `owner` names the connector or format in messages.
 */
export function readOptions<D extends OptionDefs>(owner: string, defs: D, given: TextOptions, place: ErrorPlace = {}): OptionValues<D> {
  const out: Record<string, unknown> = {};
  const prefixes = Object.keys(defs).filter((k) => k.endsWith('*'));
  for (const p of prefixes) out[p] = {};
  for (const [key, text] of Object.entries(given)) {
    const exact = Object.hasOwn(defs, key) && !key.endsWith('*') ? key : undefined;
    const prefix = exact === undefined ? prefixes.find((p) => key.startsWith(p.slice(0, -1))) : undefined;
    const name = exact ?? prefix;
    if (name === undefined) {
      const near = nearest(key, Object.keys(defs));
      throw new MillraceError('UNKNOWN_OPTION', `${owner} has no option '${key}'`, {
        place,
        remedy: near === undefined ? `Options of ${owner}: ${Object.keys(defs).sort().join(', ')}` : `Did you mean '${near}'?`,
      });
    }
    const result = v.safeParse(defs[name].kind.schema, text);
    if (!result.success) {
      throw new MillraceError('INVALID_OPTION', `'${text}' is not valid for option '${key}' of ${owner}`, {
        place,
        remedy: `Give ${defs[name].kind.expected}.`,
      });
    }
    if (prefix === undefined) out[key] = result.output;
    else setOwn(out[prefix] as Record<string, unknown>, key.slice(prefix.length - 1), result.output);
  }
  for (const [key, def] of Object.entries(defs)) {
    if (out[key] !== undefined) continue;
    if (def.required) throw new MillraceError('MISSING_OPTION', `${owner} needs the option '${key}'`, { place, remedy: def.doc });
    out[key] = def.default;
  }
  return out as OptionValues<D>;
}
