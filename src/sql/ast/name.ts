import type { Span } from '../source.js';

export interface Identifier {
  readonly text: string;
  readonly quoted: boolean;
  readonly span: Span;
}

/** catalog.database.table, or any shorter tail of it. */
export interface QualifiedName {
  readonly parts: readonly Identifier[];
  readonly span: Span;
}

export function nameText(name: QualifiedName): string {
  return name.parts.map((p) => p.text).join('.');
}

/** 'key' = 'value' of WITH and OPTIONS. */
export interface OptionNode {
  readonly key: string;
  readonly value: string;
  readonly span: Span;
}
