import { ownModule } from '../base/modules.js';
import { type ErrorPlace, MillraceError } from '../base/errors.js';

const OWN_CODE = ownModule('');

/** What a user's function threw, as USER_CODE with the operator and the function's file and line. A MillraceError passes through. */
export function userError(error: unknown, operator: string): MillraceError {
  if (error instanceof MillraceError) return error;
  const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const place: ErrorPlace = { ...(error instanceof Error ? stackPlace(error.stack ?? '') : {}), operator };
  return new MillraceError('USER_CODE', `a function of '${operator}' threw ${what}`, {
    place,
    cause: error,
    remedy: 'Mend the function, or catch the error in it.',
  });
}

/** What a job module threw while it was imported or built its graph. */
export function moduleError(error: unknown, file: string): MillraceError {
  if (error instanceof MillraceError) return error;
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  const syntax = /^file:\/\/(.*):(\d+)$/m.exec(stack.split('\n')[0]); // a SyntaxError's stack begins with the place in the text
  const place: ErrorPlace = syntax === null ? { file, ...stackPlace(stack) } : { file: decodeURIComponent(syntax[1]), line: Number(syntax[2]) };
  return new MillraceError('USER_CODE', `the job module threw ${String(error)}`, { place, cause: error, remedy: 'Mend the module.' });
}

/** File, line and column of the first frame that is the user's. */
export function stackPlace(stack: string): ErrorPlace {
  for (const line of stack.split('\n')) {
    if (line.includes('node:')) continue;
    const m = /\(?((?:file:\/\/|[A-Za-z]:\\|\/)[^()]*?):(\d+):(\d+)\)?$/.exec(line.trim());
    if (m === null || m[1].startsWith(OWN_CODE) || `file://${m[1]}`.startsWith(OWN_CODE)) continue;
    return { file: m[1].startsWith('file://') ? decodeURIComponent(new URL(m[1]).pathname) : m[1], line: Number(m[2]), column: Number(m[3]) };
  }
  return {};
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}
