import { ManualClock } from '../base/clock.js';
import { MillraceError } from '../base/errors.js';
import type { RowLike } from '../batch/builder.js';
import type { RowKind } from '../types/kind.js';
import type { Leaf } from '../types/leaf.js';
import { Fleet, type Sinks } from './fleet.js';
import type { OperatorModule } from './operator.js';

/** What happens to the operator under test, in order. */
export type HarnessEvent =
  /** rows of one input, all before the next watermark; `kinds`, one per row, when the options say changelog */
  | { readonly rows: readonly RowLike[]; readonly input?: number; readonly kinds?: readonly RowKind[] }
  | { readonly watermark: number | bigint }
  /** the clock moves on to this wall-clock time; due timers fire on the way */
  | { readonly processingTime: number }
  /** the final watermark, then the end of all inputs */
  | { readonly end: true };

export interface HarnessOptions {
  readonly inputs: readonly (readonly Leaf[])[];
  readonly output: readonly Leaf[];
  /** key leaves of each input, by which rows find their subtask; without them everything goes to subtask 0 */
  readonly keys?: readonly (readonly number[])[];
  readonly parallelism?: number;
  readonly maxParallelism?: number;
  readonly startMs?: number;
  readonly options?: Readonly<Record<string, string>>;
  readonly closures?: readonly unknown[];
  /** batches carry row kinds; else all rows are inserts */
  readonly changelog?: boolean;
  /** rows of one batch; default 64, so that a test has many */
  readonly batchRows?: number;
}

export interface HarnessResult {
  readonly rows: Record<string, unknown>[];
  /** the kind of each row */
  readonly kinds: readonly RowKind[];
  readonly side: Readonly<Record<string, Record<string, unknown>[]>>;
  /** counters summed over subtasks and restores */
  readonly counters: Readonly<Record<string, number>>;
  /** most batches one call made: about one is the law */
  readonly batchesPerCallMax: number;
}

/** When the state is taken out and put into fresh instances. */
export interface RestorePlan {
  /** after every k-th event */
  readonly every: number;
  /** parallelisms that take turns; default: the harness's own */
  readonly parallelism?: readonly number[];
}

/** Runs an operator over the events; with `restore`, its state moves into fresh instances (fresh engines) on the way. */
export function runOperator<C>(
  module: OperatorModule<C>,
  config: C,
  events: readonly HarnessEvent[],
  options: HarnessOptions,
  restore?: RestorePlan,
): HarnessResult {
  const sinks: Sinks = { rows: [], kinds: [], side: {}, counters: {}, batchesPerCallMax: 0 };
  const clock = new ManualClock(options.startMs ?? 0);
  const turns = restore?.parallelism ?? [options.parallelism ?? 1];
  const m = module as OperatorModule<never>;
  let fleet = new Fleet(m, config, options, options.parallelism ?? 1, clock, sinks, []);
  events.forEach((event, i) => {
    fleet.feed(event);
    if (restore === undefined || (i + 1) % restore.every !== 0 || 'end' in event) return;
    const state = structuredClone(fleet.snapshot());
    fleet.close();
    fleet = new Fleet(m, config, options, turns[((i + 1) / restore.every - 1) % turns.length], clock, sinks, state);
  });
  fleet.close();
  return sinks;
}

/** Runs the events straight and with every restore plan, and fails when rows (in any order) or counters differ. Returns the straight result. */
export function checkRestorable<C>(
  module: OperatorModule<C>,
  config: C,
  events: readonly HarnessEvent[],
  options: HarnessOptions,
  plans: readonly RestorePlan[] = [{ every: 1 }, { every: 2, parallelism: [3, 1, 2] }],
): HarnessResult {
  const straight = runOperator(module, config, events, options);
  const want = fingerprint(straight);
  for (const plan of plans) {
    const got = fingerprint(runOperator(module, config, events, options, plan));
    if (got === want) continue;
    throw new MillraceError('INTERNAL', `after snapshot and restore (${JSON.stringify(plan)}) the operator gives\n${got}\ninstead of\n${want}`);
  }
  return straight;
}

function fingerprint(r: HarnessResult): string {
  const lines = (rows: readonly unknown[]): string[] => rows.map(toText).sort();
  const side = Object.entries(r.side).map(([tag, rows]) => `${tag}: ${lines(rows).join('\n')}`);
  return [...lines(r.rows.map((row, i) => (r.kinds[i] === '+I' ? row : [r.kinds[i], row]))), ...side.sort(), toText(r.counters)].join('\n');
}

function toText(value: unknown): string {
  return JSON.stringify(value, (_, v) =>
    typeof v === 'bigint' ? `${v}n` : Object.is(v, -0) ? '-0' : typeof v === 'number' && !Number.isFinite(v) ? String(v) : v,
  );
}
