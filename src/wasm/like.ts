import { MillraceError } from '../base/errors.js';

/** How a constant LIKE pattern is matched: most are a plain comparison of bytes. */
export type LikePlan =
  | { readonly how: 'equal' | 'starts' | 'ends' | 'contains' | 'any'; readonly text: string }
  | { readonly how: 'general'; readonly text: string; readonly escape: number };

/** `mark` is the ESCAPE, one character; there is none when absent, as in Flink. */
export function likePlan(pattern: string, mark: string | undefined): LikePlan {
  if (mark !== undefined && [...mark].length !== 1) throw new MillraceError('SQL_VALIDATION', `the ESCAPE of LIKE must be one character, not '${mark}'`);
  let text = '';
  let percents = '';
  const points = [...pattern];
  for (let i = 0; i < points.length; i++) {
    const ch = points[i];
    if (mark !== undefined && ch === mark) {
      const next = points[i + 1];
      if (next !== '%' && next !== '_' && next !== mark)
        throw new MillraceError('SQL_VALIDATION', `the escape character '${mark}' in the LIKE pattern '${pattern}' must come before %, _ or itself`);
      text += next;
      i++;
    } else if (ch === '_') return { how: 'general', text: pattern, escape: mark?.codePointAt(0) ?? -1 };
    else if (ch === '%') {
      if (i === 0) percents += '<';
      if (i === points.length - 1) percents += '>';
      if (i !== 0 && i !== points.length - 1) return { how: 'general', text: pattern, escape: mark?.codePointAt(0) ?? -1 };
    } else text += ch;
  }
  if (percents === '') return { how: 'equal', text };
  if (text === '') return { how: 'any', text };
  return { how: percents === '>' ? 'starts' : percents === '<' ? 'ends' : 'contains', text };
}
