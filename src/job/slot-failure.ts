import { MillraceError } from '../base/errors.js';
import { thrownText } from '../base/thrown.js';
import { ownError, strayError } from '../contract/user-code.js';
import type { JobPlan } from '../task/plan.js';

/** Why a worker thread ended before its work was done, as far as Node tells. */
export function slotFailure(cause: unknown, plan: JobPlan, slot: number): MillraceError {
  const what = cause instanceof Error ? cause.message : thrownText(cause);
  const operators = [...new Set(plan.tasks.filter((t) => t.parallelism > slot).map((t) => t.name))];
  const place = { operator: operators.join(' | ') };
  const user = ownError(cause) ? undefined : strayError(cause, 'code of the job', operators);
  if (user !== undefined) return user;
  if ((cause as NodeJS.ErrnoException | undefined)?.code === 'ERR_WORKER_OUT_OF_MEMORY') {
    return new MillraceError('OUT_OF_MEMORY', `the JavaScript heap of worker thread ${slot} is full`, {
      cause,
      place,
      remedy: 'Keep less in the closures (arrays and maps that only grow), or give Node more: NODE_OPTIONS=--max-old-space-size=<MiB>.',
    });
  }
  return new MillraceError('SLOT_DIED', `worker thread ${slot} ended before its work was done: ${what}`, {
    cause,
    place,
    remedy:
      'If a function ends its thread (process.exit, parentPort.close) or changes what JavaScript brings along (Promise, Array.prototype), mend that; otherwise please report it.',
  });
}
