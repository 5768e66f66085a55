import type { Control } from '../task/control.js';
import { subtaskNumber } from '../task/control.js';
import { type JobPlan, metricKey } from '../task/plan.js';
import type { SlotReport } from '../task/slot.js';
import { systemClock } from '../base/clock.js';
import { SOURCE_KINDS } from './chaining.js';

/** A job while it runs: what a status line shows. */
export interface JobStatus {
  readonly elapsedMs: number;
  /** records read by all sources */
  readonly recordsIn: number;
  /** records handed to all sinks */
  readonly recordsOut: number;
  readonly lateDropped: number;
  readonly badRecords: number;
  /** smallest watermark of the last tasks that have one, ms since the epoch; undefined before the first */
  readonly watermarkMs: number | undefined;
}

/** A job after its end. */
export interface JobResult extends JobStatus {
  readonly name: string;
  readonly runId: string;
  /** ms from the call to the first record read: planning, threads, compilation */
  readonly startupMs: number;
  /** ms from the first record read to the last row committed */
  readonly runMs: number;
  /** metrics by operator and subtask, by Flink's names */
  readonly metrics: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

const NO_WATERMARK = -(2n ** 63n);

export function status(plan: JobPlan, control: Control, startedMs: number): JobStatus {
  let recordsIn = 0;
  let recordsOut = 0;
  let lateDropped = 0;
  let badRecords = 0;
  let watermark: bigint | undefined;
  for (const task of plan.tasks) {
    for (let i = 0; i < task.parallelism; i++) {
      const n = subtaskNumber(plan.tasks, task.id, i);
      recordsIn += control.get(n, 'recordsIn');
      recordsOut += control.get(n, 'recordsOut');
      lateDropped += control.get(n, 'lateDropped');
      badRecords += control.get(n, 'badRecords');
      const w = control.watermark(n);
      if (w !== NO_WATERMARK && (watermark === undefined || w < watermark)) watermark = w;
    }
  }
  return {
    elapsedMs: systemClock.preciseMs() - startedMs,
    recordsIn,
    recordsOut,
    lateDropped,
    badRecords,
    watermarkMs: watermark === undefined ? undefined : Number(watermark),
  };
}

export function result(plan: JobPlan, reports: readonly SlotReport[], startedMs: number): JobResult {
  const metrics: Record<string, Readonly<Record<string, number>>> = {};
  for (const r of reports) Object.assign(metrics, r.metrics);
  const sum = (kinds: (kind: string) => boolean, name: string): number => {
    let n = 0;
    for (const task of plan.tasks)
      for (const op of task.ops) if (kinds(op.kind)) for (let i = 0; i < task.parallelism; i++) n += metrics[metricKey(op.name, op.nodeId, i)]?.[name] ?? 0;
    return n;
  };
  const isSource = (k: string): boolean => SOURCE_KINDS.has(k);
  const first = Math.min(...reports.map((r) => r.firstReadMs ?? Number.POSITIVE_INFINITY));
  const last = Math.max(...reports.map((r) => r.doneMs ?? 0));
  const started = Number.isFinite(first) ? first : last;
  return {
    name: plan.name,
    runId: plan.runId,
    elapsedMs: systemClock.preciseMs() - startedMs,
    startupMs: started - startedMs,
    runMs: last - started,
    recordsIn: sum(isSource, 'numRecordsOut'),
    recordsOut: sum((k) => k === 'sink', 'numRecordsIn'),
    lateDropped: sum(() => true, 'numLateRecordsDropped'),
    badRecords: sum(isSource, 'numRecordsInErrors'),
    watermarkMs: undefined,
    metrics,
  };
}
