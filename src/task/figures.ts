import type { MillraceError } from '../base/errors.js';
import { WATERMARK_MIN } from '../contract/operator.js';
import type { Control } from './control.js';
import { metricKey } from './plan.js';
import type { SlotReport } from './slot.js';
import type { Subtask } from './subtask.js';

/** When a slot read its first record and finished its last subtask: wall clock, ms. */
export interface SlotTimes {
  firstReadMs: number | undefined;
  doneMs: number | undefined;
}

/** What a slot hands back to the host. */
export function slotReport(subtasks: readonly Subtask[], times: SlotTimes | undefined, error: MillraceError | undefined): SlotReport {
  const metrics: Record<string, Readonly<Record<string, number>>> = {};
  for (const s of subtasks) for (const op of s.ops) metrics[metricKey(op.plan.name, op.plan.nodeId, s.index)] = op.metrics.snapshot();
  return { error: error?.toPlain(), metrics, firstReadMs: times?.firstReadMs, doneMs: times?.doneMs };
}

/** Writes a subtask's figures where the host reads them. */
export function publishFigures(control: Control, n: number, s: Subtask): void {
  let late = 0;
  let bad = 0;
  for (const op of s.ops) {
    late += op.metrics.counters.get('numLateRecordsDropped')?.value ?? 0;
    bad += op.metrics.gauges.get('numRecordsInErrors')?.() ?? 0;
    if (op.plan.kind === 'sink') control.set(n, 'recordsOut', op.metrics.counter('numRecordsIn').value);
  }
  if (s.isSource) control.set(n, 'recordsIn', s.ops[0].metrics.counter('numRecordsOut').value);
  control.set(n, 'lateDropped', late);
  control.set(n, 'badRecords', bad);
  control.set(n, 'waitingOn', s.wait.on);
  control.set(n, 'waitingSinceMs', s.wait.sinceMs);
  control.setWatermark(n, s.ops[0].currentWatermark ?? WATERMARK_MIN);
}
