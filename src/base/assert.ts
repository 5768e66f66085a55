import { MillraceError } from './errors.js';

/** For our own bugs only; the world's faults have codes of their own. */
export function assert(condition: unknown, what: string): asserts condition {
  if (!condition) throw new MillraceError('INTERNAL', `assertion failed: ${what}`, { remedy: 'This is a bug in millrace: please report it with the stack.' });
}
