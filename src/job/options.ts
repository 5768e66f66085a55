import { availableParallelism } from 'node:os';
import { MillraceError } from '../base/errors.js';
import { MAX_PARALLELISM_DEFAULT } from '../base/limits.js';
import { option, optionKind, readOptions, type TextOptions } from '../contract/options.js';

/** Job options that millrace acts on, by Flink's keys. What a script SETs beside them is told to its user (sql/settings.ts). */
export const JOB_OPTIONS = {
  'parallelism.default': option(optionKind.int, 'Number of parallel subtasks of each operator.', 1),
  'pipeline.max-parallelism': option(optionKind.int, 'Number of key groups; the upper bound of parallelism.', MAX_PARALLELISM_DEFAULT),
  'pipeline.name': option(optionKind.string, 'Name of the job.'),
  'table.optimizer.agg-phase-strategy': option(
    optionKind.oneOf('auto', 'one_phase', 'two_phase'),
    "Window aggregates that can be split accumulate before the shuffle as far as that pays ('AUTO' and 'TWO_PHASE'), or only behind it ('ONE_PHASE').",
    'auto',
  ),
  'millrace.filesystem.one-reader': option(
    optionKind.boolean,
    'true: one subtask reads all files of a table, in the order of their names, so that equal runs find the same rows late. Flink ignores the option.',
    false,
  ),
  'execution.buffer-timeout.enabled': option(optionKind.boolean, 'false: an output buffer leaves only when full.', true),
  'execution.buffer-timeout.interval': option(optionKind.durationMs, 'After this time an output buffer leaves although it is not full; 0 = at once.', 100),
} as const;

export interface JobOptions {
  readonly parallelism: number;
  readonly maxParallelism: number;
  readonly name: string;
  /** window aggregates are split where their rows change subtask */
  readonly twoPhases: boolean;
  /** -1 = only when full */
  readonly bufferTimeoutMs: number;
}

/** Highest parallelism a job may ask for: more slots than this only fight over cores. */
const SLOTS_MAX = Math.max(64, availableParallelism() * 4);

export function readJobOptions(all: TextOptions): JobOptions {
  const known = Object.fromEntries(Object.entries(all).filter(([k]) => Object.hasOwn(JOB_OPTIONS, k)));
  const o = readOptions('the job', JOB_OPTIONS, known);
  const parallelism = o['parallelism.default'];
  if (parallelism < 1 || parallelism > SLOTS_MAX) {
    throw new MillraceError('INVALID_OPTION', `parallelism.default is ${parallelism}`, { remedy: `Give a number from 1 to ${SLOTS_MAX}.` });
  }
  return {
    parallelism,
    maxParallelism: Math.max(o['pipeline.max-parallelism'], parallelism),
    name: o['pipeline.name'] ?? 'millrace',
    twoPhases: o['table.optimizer.agg-phase-strategy'] !== 'one_phase',
    bufferTimeoutMs: o['execution.buffer-timeout.enabled'] ? o['execution.buffer-timeout.interval'] : -1,
  };
}
