import type { Clock } from '../base/clock.js';
import { MillraceError } from '../base/errors.js';
import type { JobHandle } from '../job/execute.js';

/** Exit codes by shell custom: 128 + the signal's number. */
export const SIGNAL_CODES = { SIGINT: 130, SIGTERM: 143, SIGPIPE: 141 } as const;
/** A signal that comes again within this time is the same one: npm and `timeout` pass on what the terminal gave to the whole process group, ms. */
const SAME_SIGNAL_MS = 100;

/** What ended a job from outside, while it is followed. */
export interface Interrupts {
  /** exit code when a signal or the reader of the output ended the job */
  readonly code: number | undefined;
  /** writing the output failed otherwise: a full disk */
  readonly error: MillraceError | undefined;
  stop(): void;
}

/** After a second signal, ms that threads get to end: one that stands in a call of the system does not, and keeps process.exit from ending the process. */
const KILL_MS = 300;

/** Ends the process now. Its exit code is the signal's, as far as a shell sees, in either case. */
async function endNow(job: JobHandle, name: 'SIGINT' | 'SIGTERM'): Promise<never> {
  const ended = await Promise.race([job.kill().then(() => true), new Promise<boolean>((resolve) => setTimeout(resolve, KILL_MS, false))]);
  if (!ended) {
    // without a listener the system itself carries out the signal
    process.removeAllListeners(name);
    process.kill(process.pid, name);
  }
  process.exit(SIGNAL_CODES[name]);
}

/** Ctrl-C: the first lets what is under way reach the sinks, the second ends the process. A reader of stdout that goes away (`| head`) ends the job quietly. */
export function onInterrupt(job: JobHandle, clock: Clock): Interrupts {
  let code: number | undefined;
  let error: MillraceError | undefined;
  let firstMs: number | undefined;
  const signal = (name: 'SIGINT' | 'SIGTERM'): void => {
    const now = clock.monotonicMs();
    if (firstMs !== undefined && now - firstMs < SAME_SIGNAL_MS) return;
    if (firstMs !== undefined) return void endNow(job, name);
    firstMs = now;
    code = SIGNAL_CODES[name];
    void job.cancel();
  };
  const output = (e: NodeJS.ErrnoException): void => {
    if (code !== undefined || error !== undefined) return;
    if (e.code === 'EPIPE') code = SIGNAL_CODES.SIGPIPE;
    else
      error = new MillraceError('FILE_WRITE', `writing to the standard output failed: ${e.message}`, { cause: e, remedy: 'Look at what it is redirected to.' });
    void job.cancel();
  };
  process.on('SIGINT', signal);
  process.on('SIGTERM', signal);
  process.stdout.on('error', output);
  return {
    get code() {
      return code;
    },
    get error() {
      return error;
    },
    stop() {
      process.off('SIGINT', signal);
      process.off('SIGTERM', signal);
      process.stdout.off('error', output);
    },
  };
}

let guarded = false;
/** Texts that nobody reads any more are no failure of the job: a closed stderr, a pager that was quit. */
export function ignoreBrokenPipes(): void {
  if (guarded) return;
  guarded = true;
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
}
