import { writeSync } from 'node:fs';
import { MillraceError } from '../base/errors.js';
import { stackPlace, strayError } from '../contract/user-code.js';

/** Ms after which it is said that a job module is still being loaded, or keeps the process after its job. */
const LOAD_WARN_MS = 10_000;
const LINGER_WARN_MS = 3000;

/**
 * Loads a job module and follows its job under watch: when the module's own code throws in this process where nobody waits for it, or ends the process, one
 * error names it. `load` and `follow` get on as they would; `load`'s signal is aborted when the module has failed.
 */
export async function guardModule<H, T>(
  file: string,
  warn: (text: string) => void,
  load: (signal: AbortSignal) => Promise<H>,
  follow: (job: H) => Promise<T>,
): Promise<T> {
  const abort = new AbortController();
  let failed = (_: MillraceError): void => {};
  const failure = new Promise<never>((_, reject) => {
    failed = reject;
  });
  const throws = (event: 'uncaughtException' | 'unhandledRejection', who: string) => (e: unknown) => {
    if (process.listenerCount(event) === 1) failed(strayError(e, who, []) ?? MillraceError.from(e));
  };
  const exception = throws('uncaughtException', 'the job module, in a timer or another callback,');
  const rejection = throws('unhandledRejection', 'the job module, in a promise that nothing awaits,');
  const slow = setTimeout(() => warn(`the job module ${file} is still being loaded: does its top level await something?`), LOAD_WARN_MS).unref();
  process.on('uncaughtException', exception);
  process.on('unhandledRejection', rejection);
  process.on('exit', exited);
  try {
    const job = await Promise.race([load(abort.signal), failure]);
    clearTimeout(slow);
    const followed = follow(job);
    try {
      return await Promise.race([followed, failure]);
    } catch (e) {
      abort.abort(); // what is under way still reaches the sinks
      await followed.catch(() => {});
      throw e;
    }
  } finally {
    clearTimeout(slow);
    setTimeout(() => warn(`the job has ended, but ${file} keeps the process alive: a timer, socket or server of its own`), LINGER_WARN_MS).unref();
    process.off('uncaughtException', exception);
    process.off('unhandledRejection', rejection);
    process.off('exit', exited);
  }
}

/** process.exit calls this: the code that called it stands in the stack. */
function exited(code: number): void {
  const place = stackPlace(new Error('process.exit').stack ?? '');
  if (place.file === undefined) return;
  const e = new MillraceError('USER_CODE', `the job module called process.exit(${code})`, { place, remedy: 'Throw an Error to end the job.' });
  writeSync(2, `${e.code}: ${e.message}\n`);
  process.exitCode = 1;
}
