import type { Clock } from '../base/clock.js';
import type { JobHandle } from '../job/execute.js';
import { STANDING_WARN_MS } from '../base/limits.js';
import type { JobResult, JobStatus, Standing } from '../job/status.js';
import { duration, type StatusLine, short } from './status-line.js';

const REDRAW_MS = 200;
/** How often a job is asked what stands where no status line shows it. */
const WARN_CHECK_MS = 5000;

/** Follows a running job with a status line; resolves with its result or rejects with its error. */
export async function watch(job: JobHandle, line: StatusLine, clock: Clock, outputs: string): Promise<JobResult> {
  let last = { ms: clock.preciseMs(), records: 0 };
  let rate = 0;
  const draw = (): void => {
    const s = job.status();
    const now = clock.preciseMs();
    const window = now - last.ms;
    if (window >= 500) {
      rate = ((s.recordsIn - last.records) / window) * 1000;
      last = { ms: now, records: s.recordsIn };
    }
    line.draw(describe(s, rate === 0 ? (s.recordsIn / Math.max(1, s.elapsedMs)) * 1000 : rate, clock, outputs));
  };
  const timer = line.live ? setInterval(draw, REDRAW_MS) : setInterval(warnings(job, line, clock), WARN_CHECK_MS);
  try {
    return await job.done;
  } finally {
    clearInterval(timer);
    line.clear();
  }
}

/** Says of each operator that stands for long, once. */
function warnings(job: JobHandle, line: StatusLine, clock: Clock): () => void {
  const said = new Set<string>();
  return () => {
    for (const s of job.status().standing) {
      const key = `${s.slot} ${s.operator} ${s.sinceMs}`;
      if (clock.nowMs() - s.sinceMs < STANDING_WARN_MS || said.has(key)) continue;
      said.add(key);
      line.print(`warning: ${stands(s, clock)}\n`);
    }
  };
}

/** "'Map' has been running for 31.2 s (slot 1)" */
function stands(s: Standing, clock: Clock): string {
  return `'${s.operator}' ${s.doing === 'runs' ? 'has been running' : 'has been waiting'} for ${duration(clock.nowMs() - s.sinceMs)} (slot ${s.slot})`;
}

function describe(s: JobStatus, rate: number, clock: Clock, outputs: string): string {
  // first: the end of a long line is cut off
  const parts = s.standing.length === 0 ? [] : [stands(s.standing[0], clock)];
  parts.push(`${short(s.recordsIn)} records`, `${short(rate)}/s`);
  if (s.watermarkMs !== undefined && s.watermarkMs > 0 && s.watermarkMs < 8.64e15) {
    parts.push(
      `watermark ${new Date(s.watermarkMs).toISOString().replace('T', ' ').slice(0, 19)}`,
      `lag ${duration(Math.max(0, clock.nowMs() - s.watermarkMs))}`,
    );
  }
  parts.push(`${short(s.recordsOut)} ${outputs}`);
  if (s.lateDropped > 0) parts.push(`${short(s.lateDropped)} late`);
  if (s.badRecords > 0) parts.push(`${short(s.badRecords)} bad`);
  parts.push(duration(s.elapsedMs));
  return parts.join(' | ');
}

/** What a job did, in one or two lines. */
export function summary(r: JobResult, outputs: string): string {
  const seconds = r.runMs / 1000;
  const extra = [
    r.lateDropped > 0 ? `${short(r.lateDropped)} late records dropped` : '',
    r.badRecords > 0 ? `${short(r.badRecords)} bad records skipped` : '',
  ].filter((t) => t !== '');
  return `${r.name}: ${short(r.recordsIn)} records in, ${short(r.recordsOut)} ${outputs} out in ${duration(r.runMs)} (${short(r.recordsIn / Math.max(seconds, 1e-3))} records/s; start-up ${Math.round(r.startupMs)} ms)${extra.length > 0 ? `; ${extra.join(', ')}` : ''}\n`;
}
