import { MillraceError } from '../base/errors.js';

/** Java refuses the pattern; Flink's functions then give NULL. */
export class NotAPattern extends Error {}

/** What Java's patterns have and this reader has not. */
export function unsupported(what: string): MillraceError {
  return new MillraceError('NOT_SUPPORTED', `${what} in a regular expression is not supported yet`);
}
