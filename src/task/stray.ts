import { MillraceError, type PlainError } from '../base/errors.js';
import { ownError, stackPlace, strayError } from '../contract/user-code.js';
import { type Activity, operatorName } from './activity.js';
import type { JobPlan } from './plan.js';

/**
 * Watches over the functions of a job in this thread where nobody waits for them: timers, events, promises without a handler, and process.exit. A job that
 * handles such errors by itself (process.on) is left to it.
 */
export class StrayWatch {
  readonly #plan: JobPlan;
  readonly #activity: Activity;
  readonly #failed: (error: PlainError) => void;

  constructor(plan: JobPlan, activity: Activity, failed: (error: PlainError) => void) {
    this.#plan = plan;
    this.#activity = activity;
    this.#failed = failed;
    process.on('uncaughtException', this.#exception);
    process.on('unhandledRejection', this.#rejection);
    process.on('exit', this.#exit);
  }

  end(): void {
    process.off('uncaughtException', this.#exception);
    process.off('unhandledRejection', this.#rejection);
    process.off('exit', this.#exit);
  }

  /** A failure of millrace's that came out of the job's code after all: a global that it has changed. */
  blamed(error: MillraceError): MillraceError {
    if (error.code !== 'INTERNAL' || ownError(error.cause)) return error;
    return strayError(error.cause, 'code of the job, called by millrace,', this.#operators()) ?? error;
  }

  readonly #exception = (error: unknown): void => {
    if (process.listenerCount('uncaughtException') === 1) this.#stray(error, 'a timer or another callback');
  };
  readonly #rejection = (reason: unknown): void => {
    if (process.listenerCount('unhandledRejection') === 1) this.#stray(reason, 'a promise that nothing awaits');
  };
  #stray(error: unknown, who: string): void {
    const blamed = MillraceError.is(error) ? error : strayError(error, who, this.#operators());
    if (blamed === undefined) throw error; // not the job's: the thread ends, and the pool says so
    this.#failed(blamed.toPlain());
  }

  readonly #exit = (code: number): void => {
    const place = stackPlace(new Error('process.exit').stack ?? ''); // process.exit itself calls this
    const error = new MillraceError('SLOT_DIED', `a function called process.exit(${code}), which ends its worker thread`, {
      place: { ...place, operator: this.#operators().join(' | ') },
      remedy: 'Throw an Error to end the job.',
    });
    this.#failed(error.toPlain());
  };

  /** The operator that runs; in callbacks all that call functions of the job. */
  #operators(): string[] {
    const running = operatorName(this.#plan.tasks, this.#activity.what);
    if (running !== undefined) return [running];
    const ops = this.#plan.tasks.flatMap((t) => t.ops);
    const calling = ops.filter((o) => /"(closure|combine)":\d/.test(JSON.stringify(o.config)));
    return [...new Set((calling.length > 0 ? calling : ops).map((o) => o.name))];
  }
}
