import type { Control } from '../task/control.js';
import { STANDING_MS_MIN } from '../base/limits.js';
import { CALLBACKS, IDLE, operatorName, STARTING } from '../task/activity.js';
import { subtaskNumber } from '../task/control.js';
import { type JobPlan, metricKey, slotOf } from '../task/plan.js';
import type { SlotReport } from '../task/slot.js';
import { systemClock } from '../base/clock.js';
import { SOURCE_KINDS } from './chaining.js';

/** An operator that has run, or waited, for more than a second without a break: a loop without end, a promise that never settles, a broker that does not answer. */
export interface Standing {
  readonly operator: string;
  readonly slot: number;
  readonly doing: 'runs' | 'waits';
  /** ms since the epoch */
  readonly sinceMs: number;
}

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
  /** what stands, the longest first */
  readonly standing: readonly Standing[];
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
    standing: standing(plan, control),
  };
}

function standing(plan: JobPlan, control: Control): Standing[] {
  const out: Standing[] = [];
  const before = systemClock.nowMs() - STANDING_MS_MIN;
  for (let slot = 0; slot < plan.slots; slot++) {
    const { what, sinceMs } = control.activity(slot);
    if (what !== IDLE && sinceMs <= before) {
      out.push({ operator: nameOf(plan, what), slot, doing: 'runs', sinceMs });
      continue; // what it has said of waiting is old
    }
    for (const task of plan.tasks) {
      for (let i = 0; i < task.parallelism; i++) {
        if (slotOf(i, plan.slots) !== slot) continue;
        const n = subtaskNumber(plan.tasks, task.id, i);
        const on = control.get(n, 'waitingOn');
        const since = control.get(n, 'waitingSinceMs');
        if (on !== IDLE && since <= before) out.push({ operator: nameOf(plan, on), slot, doing: 'waits', sinceMs: since });
      }
    }
  }
  return out.sort((a, b) => a.sinceMs - b.sinceMs);
}

function nameOf(plan: JobPlan, what: number): string {
  if (what === CALLBACKS) return "callbacks of the job's functions";
  if (what === STARTING) return 'loading of the job';
  return operatorName(plan.tasks, what) ?? plan.name;
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
    standing: [],
    metrics,
  };
}
