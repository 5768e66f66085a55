import { maskedScript } from '../base/secrets.js';
import { type ErrorCode, type ErrorPlace, MillraceError } from '../base/errors.js';

/** A piece of the script: offsets in UTF-16 units, `end` exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export function join(a: Span, b: Span): Span {
  return { start: a.start, end: b.end };
}

/** The text of one script and how to point into it. */
export class SourceText {
  readonly text: string;
  readonly file: string | undefined;
  #lineStarts: number[] | undefined;
  /** the text without its secrets */
  #shown: string | undefined;

  constructor(text: string, file?: string) {
    this.text = text;
    this.file = file;
  }

  slice(span: Span): string {
    return this.text.slice(span.start, span.end);
  }

  /** Line and column of the span's first character, with the source line for the caret. */
  place(span: Span): ErrorPlace {
    this.#lineStarts ??= lineStarts(this.text);
    const starts = this.#lineStarts;
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const mid = (low + high + 1) >> 1;
      if (starts[mid] <= span.start) low = mid;
      else high = mid - 1;
    }
    const end = low + 1 < starts.length ? starts[low + 1] : this.text.length;
    this.#shown ??= maskedScript(this.text);
    const excerpt = this.#shown
      .slice(starts[low], end)
      .replace(/[\r\n]+$/, '')
      .replace(/[\t\v\f]/g, ' ');
    const place: ErrorPlace = { line: low + 1, column: span.start - starts[low] + 1, excerpt };
    if (this.file !== undefined) place.file = this.file;
    return place;
  }

  error(code: ErrorCode, message: string, span: Span, remedy = ''): MillraceError {
    return new MillraceError(code, message, { place: this.place(span), remedy });
  }
}

function lineStarts(text: string): number[] {
  const out = [0];
  for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) out.push(i + 1);
  return out;
}
