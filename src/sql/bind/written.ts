import type { Call, FunctionName, Written } from '../../types/expr.js';
import type { SourceText, Span } from '../source.js';

/** Characters of an expression that an error shows, and of a line above its caret. */
const WRITTEN_CHARS_MAX = 120;
const LINE_CHARS_MAX = 240;
/** Calls that cannot fail and of which a script may hold very many. */
const SILENT: ReadonlySet<FunctionName> = new Set<FunctionName>([
  ...(['eq', 'ne', 'lt', 'le', 'gt', 'ge', 'and', 'or', 'not', 'in', 'case', 'coalesce', 'greatest', 'least'] as const),
  ...(['isNull', 'isNotNull', 'isTrue', 'isFalse', 'isNotTrue', 'isNotFalse', 'isDistinctFrom', 'isNotDistinctFrom'] as const),
]);
/** How far below a comparison the casts lie that it brought along: GREATEST makes CASE of comparisons of casts. */
const IMPLICIT_DEPTH = 3;

/** The call with where it was written, or, where it compares or chooses, the casts it brought along: what may fail says where. */
export function withPlace(e: Call, source: SourceText, span: Span, depth = 0): Call {
  if (!SILENT.has(e.fn)) return { ...e, written: writtenAt(source, span) };
  if (depth === IMPLICIT_DEPTH) return e;
  const args = e.args.map((a) => (a.op === 'call' && a.written === undefined ? withPlace(a, source, span, depth + 1) : a));
  return args.some((a, i) => a !== e.args[i]) ? { ...e, args } : e;
}

function writtenAt(source: SourceText, span: Span): Written {
  const text = source.slice(span).replace(/\s+/g, ' ');
  const { excerpt, ...place } = source.place(span);
  return {
    text: text.length > WRITTEN_CHARS_MAX ? `${text.slice(0, WRITTEN_CHARS_MAX)}...` : text,
    place: excerpt === undefined || excerpt.length > LINE_CHARS_MAX ? place : { ...place, excerpt },
  };
}
