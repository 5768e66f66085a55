/**
 * A name no other run has: a UUID of version 4. Its bits are V8's own, which it seeds from the system's entropy: names need no more, and loading
 * node:crypto for them would cost every start 3 ms.
 */
export function newRunId(): string {
  const hex = (digits: number): string =>
    Math.floor(Math.random() * 16 ** digits)
      .toString(16)
      .padStart(digits, '0');
  const variant = (8 + Math.floor(Math.random() * 4)).toString(16);
  return `${hex(8)}-${hex(4)}-4${hex(3)}-${variant}${hex(3)}-${hex(12)}`;
}
