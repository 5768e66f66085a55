import type { Span } from '../source.js';
import type { Identifier } from './name.js';

/** A data type as written. Its meaning is given by type/resolve.ts. */
export interface TypeNode {
  readonly kind: 'type';
  /** upper case, several words joined by one blank: 'DOUBLE PRECISION', 'TIMESTAMP WITH LOCAL TIME ZONE' */
  readonly name: string;
  readonly args: readonly number[];
  readonly nullable: boolean;
  /** ROW<...> */
  readonly fields?: readonly TypeFieldNode[];
  /** ARRAY<x>, MULTISET<x>, MAP<k, v> */
  readonly elements?: readonly TypeNode[];
  readonly span: Span;
}

export interface TypeFieldNode {
  readonly name: Identifier;
  readonly type: TypeNode;
}
