import { type ErrorPlace, MillraceError } from '../base/errors.js';
import { setOwn } from '../base/own.js';
import { parseDurationMs } from '../base/quantity.js';
import type { FormatConfig } from '../contract/format.js';
import type { OptionDefs, TextOptions } from '../contract/options.js';
import { readOptions } from '../contract/options.js';
import { loadConnector, loadFormat } from '../contract/registry.js';
import type { Connector } from '../contract/source.js';
import { flatten } from '../types/leaf.js';
import type { Schema } from '../types/logical.js';
import type { CatalogTable } from './catalog.js';

/** What the WITH clause of a table says, sorted: the connector's part, the format's part, and what the planner itself takes. */
export interface TableOptions {
  readonly connector: Connector;
  readonly options: TextOptions;
  readonly format?: FormatConfig;
  readonly parallelism?: number;
  /** scan.watermark.idle-timeout */
  readonly idleTimeoutMs?: number;
  /** scan.watermark.emit.strategy = on-event */
  readonly watermarkEachRecord: boolean;
}

const PLANNER_KEYS: Readonly<Record<'source' | 'sink', readonly string[]>> = {
  source: ['scan.parallelism', 'scan.watermark.idle-timeout', 'scan.watermark.emit.strategy'],
  sink: ['sink.parallelism'],
};

/** Reads and checks the options of a table in one role. Every failure points at the option in the script. */
export async function tableOptions(table: CatalogTable, given: TextOptions, role: 'source' | 'sink', use: ErrorPlace): Promise<TableOptions> {
  const place = (key: string): ErrorPlace => {
    const o = table.options.get(key);
    return o === undefined ? use : table.source.place(o.span);
  };
  const name = given.connector;
  if (name === undefined) {
    throw missing(
      table,
      role,
      use,
      new MillraceError('MISSING_OPTION', `table '${table.name}' has no option 'connector'`, { remedy: "Add WITH ('connector' = '...')." }),
    );
  }
  const connector = await loadConnector(name, place('connector'));
  const able = role === 'source' ? connector.createReader : connector.createWriter;
  if (able === undefined) {
    throw new MillraceError('SQL_VALIDATION', `the connector '${name}' cannot be used as a ${role}`, { place: use });
  }
  const formatKey = given.format === undefined ? 'value.format' : 'format';
  const format = connector.formats === 'required' ? await formatOf(table, given, formatKey, role, place, use) : undefined;
  const options: Record<string, string> = {};
  const prefix = format === undefined ? undefined : `${formatKey === 'format' ? '' : 'value.'}${format.name}.`;
  for (const [key, value] of Object.entries(given)) {
    const taken =
      key === 'connector' ||
      PLANNER_KEYS[role].includes(key) ||
      (PLANNER_KEYS.source.includes(key) && role === 'sink') ||
      (key === 'sink.parallelism' && role === 'source');
    if (!taken && !(prefix !== undefined && (key === formatKey || key.startsWith(prefix)))) setOwn(options, key, value);
  }
  const parallelismKey = role === 'source' ? 'scan.parallelism' : 'sink.parallelism';
  if (given[parallelismKey] !== undefined && connector.parallelism?.includes(role) === false) {
    throw new MillraceError('UNKNOWN_OPTION', `connector '${name}' has no option '${parallelismKey}'`, {
      place: place(parallelismKey),
      remedy: 'Leave it out.',
    });
  }
  const defs = role === 'source' ? connector.sourceOptions : connector.sinkOptions;
  const others = role === 'source' ? connector.sinkOptions : connector.sourceOptions;
  check(`connector '${name}'`, defs ?? {}, dropOther(options, defs ?? {}, others ?? {}), (e) => placeOptionError(table, role, use, e));
  return { connector, options: dropOther(options, defs ?? {}, others ?? {}), format, ...plannerOptions(given, role, place) };
}

/** A table is used as source and as sink: options that only the other role knows are not errors. */
function dropOther(options: TextOptions, own: OptionDefs, others: OptionDefs): TextOptions {
  const knows = (defs: OptionDefs, key: string): boolean => Object.keys(defs).some((k) => k === key || (k.endsWith('*') && key.startsWith(k.slice(0, -1))));
  return Object.fromEntries(Object.entries(options).filter(([k]) => knows(own, k) || !knows(others, k)));
}

async function formatOf(
  table: CatalogTable,
  given: TextOptions,
  key: string,
  role: 'source' | 'sink',
  place: (key: string) => ErrorPlace,
  use: ErrorPlace,
): Promise<FormatConfig> {
  const name = given[key];
  if (name === undefined) {
    throw missing(
      table,
      role,
      use,
      new MillraceError('MISSING_OPTION', `table '${table.name}' has no option 'format'`, { remedy: "Add 'format' = 'json' or 'csv'." }),
    );
  }
  const format = await loadFormat(name, place(key));
  const prefix = `${key === 'format' ? '' : 'value.'}${name}.`;
  const own = Object.fromEntries(
    Object.entries(given)
      .filter(([k]) => k.startsWith(prefix))
      .map(([k, v]) => [k.slice(prefix.length), v]),
  );
  const [defs, others] = role === 'source' ? [format.decoderOptions, format.encoderOptions] : [format.encoderOptions, format.decoderOptions];
  const options = dropOther(own, defs, others);
  check(`format '${name}'`, defs, options, (e) => placeOptionError(table, role, use, e, prefix));
  const firstKey = Object.keys(options)[0];
  format.check(options, role === 'source' ? 'decode' : 'encode', firstKey === undefined ? use : place(prefix + firstKey));
  return { name, options };
}

/** The columns of a table's records must be such as its format can carry. */
export async function checkFormatColumns(
  format: FormatConfig | undefined,
  schema: Schema,
  metadata: readonly (string | undefined)[],
  use: ErrorPlace,
): Promise<void> {
  if (format === undefined) return;
  const { checkColumn } = await loadFormat(format.name);
  for (const leaf of flatten({ fields: schema.fields.filter((_, i) => metadata[i] === undefined) })) {
    try {
      checkColumn?.(leaf);
    } catch (e) {
      throw e instanceof MillraceError ? e.at(use) : e;
    }
  }
}

/** A failure of a table's options, placed at the option it names, or at the table that lacks it; else as it is. */
export function placeOptionError(table: CatalogTable, role: 'source' | 'sink', use: ErrorPlace, e: unknown, prefix = ''): unknown {
  if (!(e instanceof MillraceError)) return e;
  if (e.code === 'MISSING_OPTION') return missing(table, role, use, e);
  const message = e.message.split('\n')[0];
  const option = [...table.options.values()].find((o) => o.key.startsWith(prefix) && message.includes(`'${o.key.slice(prefix.length)}'`));
  if (option === undefined) return e.place.line === undefined ? new MillraceError(e.code, message, { place: use, remedy: e.remedy, cause: e }) : e;
  return new MillraceError(e.code, message, { place: table.source.place(option.span), remedy: e.remedy, cause: e });
}

/** What a table lacks is to be added where it was created; the message names the statement that needs it. */
function missing(table: CatalogTable, role: 'source' | 'sink', use: ErrorPlace, e: MillraceError): MillraceError {
  const user = use.line === undefined ? '' : `, which line ${use.line} ${role === 'source' ? 'reads' : 'writes'}`;
  const said = e.message.split('\n')[0].replace(/\.$/, '');
  const message = said.startsWith(`table '${table.name}'`) ? `${said}${user}` : `${said} (table '${table.name}'${user})`;
  return new MillraceError('MISSING_OPTION', message, { place: table.source.place(table.span), remedy: e.remedy, cause: e.cause });
}

/** readOptions, with the failure placed. */
function check(owner: string, defs: OptionDefs, options: TextOptions, fail: (e: unknown) => unknown): void {
  try {
    readOptions(owner, defs, options, {});
  } catch (e) {
    throw fail(e);
  }
}

function plannerOptions(
  given: TextOptions,
  role: 'source' | 'sink',
  place: (key: string) => ErrorPlace,
): Pick<TableOptions, 'parallelism' | 'idleTimeoutMs' | 'watermarkEachRecord'> {
  const bad = (key: string, expected: string): Error =>
    new MillraceError('INVALID_OPTION', `'${given[key]}' is not valid for option '${key}'`, { place: place(key), remedy: `Give ${expected}.` });
  const parallelismKey = role === 'source' ? 'scan.parallelism' : 'sink.parallelism';
  const text = given[parallelismKey];
  if (text !== undefined && !/^[1-9]\d*$/.test(text)) throw bad(parallelismKey, 'a whole number of at least 1');
  let idleTimeoutMs: number | undefined;
  const idle = given['scan.watermark.idle-timeout'];
  if (role === 'source' && idle !== undefined) {
    try {
      idleTimeoutMs = parseDurationMs(idle);
    } catch {
      throw bad('scan.watermark.idle-timeout', "a duration such as '5 s'");
    }
  }
  const strategy = given['scan.watermark.emit.strategy'] ?? 'on-periodic';
  if (strategy !== 'on-periodic' && strategy !== 'on-event') throw bad('scan.watermark.emit.strategy', "'on-periodic' or 'on-event'");
  return { parallelism: text === undefined ? undefined : Number(text), idleTimeoutMs, watermarkEachRecord: strategy === 'on-event' };
}

/** Settings the planner reads, from SET, checked. */
export interface PlannerSettings {
  readonly timeZone: string;
  readonly watermarkIntervalMs: number;
  readonly idleTimeoutMs: number;
  /** table.exec.state.ttl, 0 = state is kept for ever */
  readonly stateTtlMs: number;
  /** table.exec.mini-batch, when it is enabled */
  readonly miniBatch?: { readonly latencyMs: number; readonly rows: number };
}

export function plannerSettings(options: TextOptions, systemZone: string, place: (key: string) => ErrorPlace): PlannerSettings {
  const fail = (key: string, expected: string): Error =>
    new MillraceError('INVALID_OPTION', `'${options[key]}' is not valid for '${key}'`, { place: place(key), remedy: `Give ${expected}.` });
  const duration = (key: string, otherwise: number): number => {
    if (options[key] === undefined) return otherwise;
    try {
      return parseDurationMs(options[key]);
    } catch {
      throw fail(key, "a duration such as '200 ms'");
    }
  };
  const parallelism = options['parallelism.default'];
  if (parallelism !== undefined && !/^[1-9]\d*$/.test(parallelism)) throw fail('parallelism.default', 'a whole number of at least 1');
  const runtime = options['execution.runtime-mode'];
  if (runtime !== undefined && !/^(streaming|automatic)$/i.test(runtime)) {
    throw new MillraceError('NOT_SUPPORTED', `execution.runtime-mode = '${runtime}' is not supported`, {
      place: place('execution.runtime-mode'),
      remedy: "Only 'streaming' is.",
    });
  }
  duration('execution.buffer-timeout.interval', 100);
  const zone = options['table.local-time-zone'];
  const timeZone = zone === undefined || zone === 'default' ? systemZone : zone;
  if (timeZone !== systemZone && !validZone(timeZone)) throw fail('table.local-time-zone', "a zone such as 'UTC', 'Europe/Berlin' or 'GMT+02:00'");
  return {
    timeZone,
    watermarkIntervalMs: duration('pipeline.auto-watermark-interval', 200),
    idleTimeoutMs: duration('table.exec.source.idle-timeout', 0),
    stateTtlMs: duration('table.exec.state.ttl', 0),
    ...miniBatch(options, duration, fail, place),
  };
}

/** Flink's mini-batch: both bounds must be given when it is on. */
function miniBatch(
  options: TextOptions,
  duration: (key: string, otherwise: number) => number,
  fail: (key: string, expected: string) => Error,
  place: (key: string) => ErrorPlace,
): Pick<PlannerSettings, 'miniBatch'> {
  const [enabled, latency, size] = ['enabled', 'allow-latency', 'size'].map((k) => `table.exec.mini-batch.${k}`);
  const on = (options[enabled] ?? 'false').toLowerCase();
  if (on !== 'true' && on !== 'false') throw fail(enabled, "'true' or 'false'");
  if (on === 'false') return {};
  for (const key of [latency, size]) {
    if (options[key] !== undefined) continue;
    throw new MillraceError('MISSING_OPTION', `'${enabled}' needs '${key}'`, { place: place(enabled), remedy: `SET '${key}' too, to a value above 0.` });
  }
  const latencyMs = duration(latency, 0);
  if (latencyMs <= 0) throw fail(latency, 'a duration above 0');
  const rows = Number(options[size]);
  if (!Number.isSafeInteger(rows) || rows <= 0) throw fail(size, 'a number of rows above 0');
  return { miniBatch: { latencyMs, rows } };
}

function validZone(zone: string): boolean {
  if (/^(UTC|GMT|(UTC|GMT)?[+-]\d{1,2}(:\d{2})?)$/.test(zone)) return true;
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}
