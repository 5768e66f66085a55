import { THROWN_TEXT_CHARS_MAX } from './limits.js';

/** Causes and inner errors of an error that its text names. */
const CAUSES_MAX = 3;

/** Reads something of a thrown value. It may be anything (a Proxy, getters that throw), so looking at it may fail: then it is `otherwise`. */
export function looked<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch {
    return otherwise;
  }
}

/** A thrown value in words: an error's name and message with its causes, else the value. Never fails, and is never long. */
export function thrownText(error: unknown): string {
  const text = looked(() => described(error, CAUSES_MAX), undefined) ?? `a value that cannot be read (${typeof error})`;
  return text.length <= THROWN_TEXT_CHARS_MAX ? text : `${text.slice(0, THROWN_TEXT_CHARS_MAX)}... (${text.length} characters)`;
}

/** The stack of a thrown error; empty when it has none that can be read. */
export function thrownStack(error: unknown): string {
  const stack = looked(() => (error instanceof Error ? error.stack : ''), '');
  return typeof stack === 'string' ? stack : '';
}

function described(error: unknown, causes: number): string {
  if (!(error instanceof Error)) {
    if (typeof error !== 'object' || error === null) return typeof error === 'string' ? error : typeof error === 'bigint' ? `${error}n` : String(error);
    const text = looked(() => String(error), undefined);
    const plain = text === undefined || text === '[object Object]' ? looked(() => JSON.stringify(error), undefined) : undefined;
    return plain ?? text ?? 'an object that cannot be read';
  }
  const name = looked(() => String(error.name), 'Error');
  const message = looked(() => String(error.message), 'its message cannot be read');
  const own = message === '' ? name : `${name}: ${message}`;
  if (causes === 0) return own;
  const inner: unknown[] = looked(() => (error instanceof AggregateError ? [...error.errors] : error.cause === undefined ? [] : [error.cause]), []);
  if (inner.length === 0) return own;
  const texts = inner.slice(0, CAUSES_MAX).map((e) => looked(() => described(e, causes - 1), 'an error that cannot be read'));
  if (inner.length > CAUSES_MAX) texts.push(`${inner.length - CAUSES_MAX} more`);
  return `${own} (${error instanceof AggregateError ? 'of' : 'cause:'} ${texts.join('; ')})`;
}
