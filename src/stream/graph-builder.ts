import { createHash } from 'node:crypto';
import { MillraceError } from '../base/errors.js';
import type { ClosureTable } from '../contract/closures.js';
import type { GraphEdge, GraphNode, StreamGraph } from '../contract/graph.js';
import type { LogicalType, Schema } from '../types/logical.js';

/** A node while the program is still being written. */
export interface DraftNode {
  readonly id: number;
  uid: string | undefined;
  name: string;
  readonly kind: string;
  config: unknown;
  readonly inputs: GraphEdge[];
  output: Schema;
  sides: Record<string, Schema> | undefined;
  parallelism: number | undefined;
}

export interface BuiltGraph {
  readonly graph: StreamGraph;
  readonly closures: ClosureTable;
}

/** Collects nodes in the order of the program, and functions beside them. */
export class GraphBuilder {
  readonly #nodes: DraftNode[] = [];
  readonly #closures: unknown[] = [];

  add(node: Pick<DraftNode, 'name' | 'kind' | 'config' | 'inputs' | 'output'>): DraftNode {
    const draft: DraftNode = { id: this.#nodes.length, uid: undefined, sides: undefined, parallelism: undefined, ...node };
    this.#nodes.push(draft);
    return draft;
  }

  /** The index of a function (or iterable) in the closure table. */
  closure(value: unknown): number {
    return this.#closures.push(value) - 1;
  }

  build(options: Readonly<Record<string, string>>, name: string | undefined): BuiltGraph {
    const uids = new Set<string>();
    const nodes = this.#nodes.map((n): GraphNode => {
      const uid = n.uid ?? `${n.kind}-${n.id}`;
      if (uids.has(uid)) {
        throw new MillraceError('GRAPH_INVALID', `two operators have the uid '${uid}'`, {
          place: { operator: n.name },
          remedy: 'State is found by uid: give each its own.',
        });
      }
      uids.add(uid);
      const node: GraphNode = { id: n.id, uid, name: n.name, kind: n.kind, config: n.config, inputs: n.inputs, output: n.output };
      return { ...node, ...(n.sides === undefined ? {} : { sides: n.sides }), ...(n.parallelism === undefined ? {} : { parallelism: n.parallelism }) };
    });
    return { graph: { nodes, options: { ...options }, ...(name === undefined ? {} : { name }) }, closures: [...this.#closures] };
  }
}

/** Configuration that comes from job options, which workers get from the host: no part of a graph's identity. */
const FROM_OPTIONS = new Set(['intervalMs', 'timeZone', 'perSplit']);

/** Identifies a graph's nodes: the same program gives the same hash in every process. Functions count by where they stand, not by their text. */
export function graphHash(graph: StreamGraph): string {
  const text = JSON.stringify(graph.nodes, (key, value: unknown) => {
    if (FROM_OPTIONS.has(key)) return undefined;
    return typeof value === 'bigint' ? `${value}n` : value;
  });
  return createHash('sha256').update(text).digest('hex');
}

/** 'person.id' -> its leaf column and type. */
export function findLeaf(schema: Schema, path: string): { leaf: number; type: LogicalType } | undefined {
  const parts = path.split('.');
  let leaf = 0;
  let fields = schema.fields;
  for (let depth = 0; ; depth++) {
    let found: LogicalType | undefined;
    for (const f of fields) {
      if (f.name === parts[depth]) {
        found = f.type;
        break;
      }
      leaf += width(f.type);
    }
    if (found === undefined) return undefined;
    if (depth === parts.length - 1) return { leaf, type: found };
    if (found.root !== 'ROW') return undefined;
    leaf++;
    fields = found.fields;
  }
}

function width(type: LogicalType): number {
  return type.root === 'ROW' ? type.fields.reduce((n, f) => n + width(f.type), 1) : 1;
}
