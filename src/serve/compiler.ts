import { availableParallelism } from 'node:os';
import { setFlagsFromString } from 'node:v8';

/**
 * Bytes of bytecode a function runs before V8 optimizes it; V8's own default is 132 KiB. Only code that runs once a batch is JavaScript
 * in a SQL job, and the cores that optimize it are the slots' own: with the default two slots ran the ads job at 0.8 of their speed.
 * 300 KB to 3 MB make no difference.
 */
const OPTIMIZE_AFTER_BYTES = 600_000;

/** V8 of Node 20. Later ones do not know the flag, say so on stderr, and count what they interpret otherwise. */
const V8_WITH_FLAG = /^11\.3\./;

/** Where slots take every core, V8's compiler is to wait until code is really hot. The flag is the process's, so only the command line sets it. */
export function leaveCoresToSlots(slots: number): void {
  if (V8_WITH_FLAG.test(process.versions.v8) && slots >= availableParallelism()) setFlagsFromString(`--interrupt-budget=${OPTIMIZE_AFTER_BYTES}`);
}
