import { createHash } from 'node:crypto';
import { MillraceError } from '../base/errors.js';
import type { ClosureTable } from '../contract/closures.js';
import type { GraphEdge, GraphNode, StreamGraph } from '../contract/graph.js';
import type { SourceNodeConfig } from '../contract/nodes.js';
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

  /** A source may be read in blocks by several workers when nothing behind it minds the order. */
  #withOrder(source: DraftNode): SourceNodeConfig {
    const config = source.config as SourceNodeConfig;
    const minds = (id: number): boolean =>
      this.#nodes.some((n) => n.inputs.some((e) => e.source === id) && (ORDER_MATTERS.has(n.kind) || (!ORDER_ENDS.has(n.kind) && minds(n.id))));
    return { ...config, source: { ...config.source, orderIgnored: !minds(source.id) } };
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
      const config = n.kind === 'source' ? this.#withOrder(n) : n.config;
      const node: GraphNode = { id: n.id, uid, name: n.name, kind: n.kind, config, inputs: n.inputs, output: n.output };
      return { ...node, ...(n.sides === undefined ? {} : { sides: n.sides }), ...(n.parallelism === undefined ? {} : { parallelism: n.parallelism }) };
    });
    return { graph: { nodes, options: { ...options }, ...(name === undefined ? {} : { name }) }, closures: [...this.#closures] };
  }
}

/** Steps whose results depend on the order of their input. Windows do not: event time puts records in their places. */
const ORDER_MATTERS = new Set(['process', 'keyedProcess', 'reduce']);
const ORDER_ENDS = new Set(['windowProcess', 'windowAggregate', 'sink']);

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
