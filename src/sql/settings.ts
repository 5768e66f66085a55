import { type ErrorPlace, MillraceError, nearest } from '../base/errors.js';
import { JOB_OPTIONS } from '../job/options.js';

/** Options of SET that millrace carries out. */
export const OWN_KEYS: ReadonlySet<string> = new Set([
  ...Object.keys(JOB_OPTIONS),
  'execution.runtime-mode',
  'pipeline.auto-watermark-interval',
  'table.exec.mini-batch.allow-latency',
  'table.exec.mini-batch.enabled',
  'table.exec.mini-batch.size',
  'table.exec.sink.not-null-enforcer',
  'table.exec.source.idle-timeout',
  'table.exec.state.ttl',
  'table.local-time-zone',
]);

/** Options of Flink's that change results or guarantees, the values that ask for what millrace does anyway, and what to do instead. */
const CHANGES: readonly (readonly [key: RegExp, harmless: RegExp | undefined, remedy: string])[] = [
  [/^execution\.checkpointing\.interval$/, /^0+(\s*\w+)?$/, 'There are no checkpoints yet: a job that is killed starts again. Leave it out.'],
  [/^execution\.checkpointing\.mode$/, undefined, 'There are no checkpoints yet. Leave it out.'],
  [/^execution\.checkpointing\.(dir|savepoint-dir|storage|externalized-checkpoint-retention)$/, undefined, 'There are no checkpoints yet. Leave it out.'],
  [/^state\.(checkpoints|savepoints)\.dir$|^state\.checkpoint-storage$/, undefined, 'There are no checkpoints yet. Leave it out.'],
  [/^execution\.(savepoint|state-recovery)\./, undefined, 'There are no savepoints yet. Leave it out.'],
  [/^state\.backend(\.type)?$/, /^(hashmap|memory|jobmanager|filesystem)$/i, "State is kept in the slots' memory ('hashmap')."],
  [/^restart-strategy(\.type)?$/, /^(none|off|disable)$/i, 'A job that fails ends: start it again from outside.'],
  [/^table\.exec\.sink\.type-length-enforcer$/, /^ignore$/i, 'CAST to the length in the query.'],
  [/^table\.exec\.sink\.nested-constraint-enforcer$/, /^ignore$/i, 'Filter in the query.'],
  [/^table\.exec\.sink\.(upsert-materialize|keyed-shuffle)$/, /^(auto|none)$/i, 'Leave it out.'],
  [/^table\.exec\.legacy-cast-behaviour$/, /^disabled$/i, 'Use TRY_CAST where the old behaviour gave NULL.'],
  [/^table\.exec\.source\.cdc-events-duplicate$/, /^false$/i, 'Leave it out.'],
  [/^table\.sql-dialect$/, /^default$/i, "Only Flink's own dialect is there."],
];

/**
 * What SET says of a key that millrace does not have: fails with NOT_SUPPORTED when the option would change results or guarantees, else gives a warning that it is not
 * carried out, or that Flink does not know it either, with the nearest key. undefined = it asks for what is done anyway.
 */
export async function foreignSetting(key: string, value: string, place: ErrorPlace): Promise<string | undefined> {
  const change = CHANGES.find(([pattern]) => pattern.test(key));
  if (change !== undefined) {
    if (change[1]?.test(value.trim()) === true) return undefined;
    throw new MillraceError('NOT_SUPPORTED', `the option '${key}' is not carried out, and it changes results or guarantees`, { place, remedy: change[2] });
  }
  const at = [place.file, place.line, place.column].filter((x) => x !== undefined).join(':');
  const { FLINK_KEYS } = await import('./flink-keys.js');
  if (FLINK_KEYS.includes(key)) return `${at}: '${key}' only tunes Flink: millrace does not carry it out`;
  const near = nearest(key, [...OWN_KEYS, ...FLINK_KEYS]);
  return `${at}: neither millrace nor Flink has an option '${key}'${near === undefined ? '' : `; did you mean '${near}'?`}`;
}
