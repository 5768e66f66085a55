import { Matcher } from './match.js';
import { type NativePattern, nativePattern } from './native.js';
import { PatternReader } from './parse.js';
import { ProgramWriter } from './program.js';
import { NotAPattern } from './refusal.js';

export { PatternLimit } from './match.js';

/** A pattern of java.util.regex, ready to search text. */
export class JavaPattern {
  readonly #matcher: Matcher;
  readonly #native: NativePattern | undefined;
  readonly groups: number;
  /** the time for a text is that of its length; otherwise the steps are counted */
  readonly linear: boolean;

  constructor(reader: PatternReader) {
    const node = reader.parse();
    this.groups = reader.groups;
    this.linear = !reader.backtracks;
    this.#native = nativePattern(node);
    this.#matcher = new Matcher(new ProgramWriter(reader.groups).program(node), this.linear);
  }

  /** The text of a group of the first match, 0 = all of it; undefined when there is no match, no such group, or it took no part. Fails with PatternLimit. */
  group(text: string, group: number): string | undefined {
    if (group < 0 || group >= this.groups) return undefined;
    if (this.#native !== undefined && text.length <= this.#native.lengthMax) return this.#native.regex.exec(text)?.[group];
    if (!this.#matcher.find(text)) return undefined;
    const { slots } = this.#matcher;
    const [start, end] = [slots[2 * group], slots[2 * group + 1]];
    return start < 0 || end < start ? undefined : text.slice(start, end);
  }
}

/** The pattern; undefined when Java refuses it. Fails with NOT_SUPPORTED for the few forms that only Java has, and PATTERN_LIMIT. */
export function javaPattern(source: string): JavaPattern | undefined {
  try {
    return new JavaPattern(new PatternReader(source));
  } catch (e) {
    if (e instanceof NotAPattern) return undefined;
    throw e;
  }
}
