import { ownModule } from '../base/modules.js';
import { type ErrorPlace, MillraceError } from '../base/errors.js';
import { thrownStack, thrownText } from '../base/thrown.js';
import { functionPlace } from './function-place.js';

const OWN_CODE = ownModule('');

/**
 * What a user's function threw, as USER_CODE with the operator and the file and line: of the throw, or, when what was thrown has no stack, of the function `fn`.
 * A MillraceError passes through.
 */
export function userError(error: unknown, operator: string, fn?: unknown): MillraceError {
  if (MillraceError.is(error)) return error;
  const thrown = stackPlace(thrownStack(error));
  const place: ErrorPlace = { ...(thrown.file === undefined ? functionPlace(fn) : thrown), operator };
  return new MillraceError('USER_CODE', `a function of '${operator}' threw ${thrownText(error)}`, {
    place,
    cause: error,
    remedy: thrownStack(error) === '' ? 'Mend the function, and throw Errors: only they know their line.' : 'Mend the function, or catch the error in it.',
  });
}

/** What `who`, of the user's code, threw where nobody waits for it. Undefined when no frame of it is the user's. */
export function strayError(error: unknown, who: string, operators: readonly string[]): MillraceError | undefined {
  const place = stackPlace(thrownStack(error));
  if (place.file === undefined && thrownStack(error) !== '') return undefined;
  return new MillraceError('USER_CODE', `${who} threw ${thrownText(error)}`, {
    place: operators.length === 0 ? place : { ...place, operator: operators.join(' | ') },
    cause: error,
    remedy: 'Catch the error there; promises are to be awaited or given a catch.',
  });
}

/** What a job module threw while it was imported or built its graph. */
export function moduleError(error: unknown, file: string): MillraceError {
  if (MillraceError.is(error)) return error;
  const stack = thrownStack(error);
  const syntax = /^file:\/\/(.*):(\d+)$/m.exec(stack.split('\n')[0]); // a SyntaxError's stack begins with the place in the text
  const place: ErrorPlace = syntax === null ? { file, ...stackPlace(stack) } : { file: decodeURIComponent(syntax[1]), line: Number(syntax[2]) };
  return new MillraceError('USER_CODE', `the job module threw ${thrownText(error)}`, { place, cause: error, remedy: 'Mend the module.' });
}

/** Was an error thrown by millrace's own code, or without a stack? */
export function ownError(error: unknown): boolean {
  for (const line of thrownStack(error).split('\n')) {
    const m = FRAME.exec(line.trim());
    if (m !== null && !m[1].startsWith('node:')) return isOwn(m[1]);
  }
  return true;
}

const FRAME = /\(?((?:file:\/\/|[A-Za-z]:\\|\/)[^()]*?):(\d+):(\d+)\)?$/;
export function isOwn(file: string): boolean {
  return file.startsWith(OWN_CODE) || `file://${file}`.startsWith(OWN_CODE);
}

/** File, line and column of the first frame that is the user's. */
export function stackPlace(stack: string): ErrorPlace {
  for (const line of stack.split('\n')) {
    if (line.includes('node:')) continue;
    const m = FRAME.exec(line.trim());
    if (m === null || isOwn(m[1])) continue;
    return { file: m[1].startsWith('file://') ? decodeURIComponent(new URL(m[1]).pathname) : m[1], line: Number(m[2]), column: Number(m[3]) };
  }
  return {};
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}
