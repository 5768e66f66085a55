import { type Leaf, leafCount } from '../types/leaf.js';
import type { LogicalType } from '../types/logical.js';

/** A top-level or nested field with its place among the leaf columns. */
export interface FieldNode {
  readonly name: string;
  readonly leaf: number;
  readonly type: LogicalType;
  readonly children: readonly FieldNode[];
}

/** The tree of fields behind flattened leaves; leaf numbers start at `first`. */
export function fieldTree(leaves: readonly Leaf[]): FieldNode[] {
  const nodes: FieldNode[] = [];
  let i = 0;
  while (i < leaves.length) {
    const leaf = leaves[i];
    nodes.push(nodeOf(leaf.path[leaf.path.length - 1], leaf.type, i));
    i += leafCount(leaf.type);
  }
  return nodes;
}

function nodeOf(name: string, type: LogicalType, leaf: number): FieldNode {
  const children: FieldNode[] = [];
  let next = leaf + 1;
  if (type.root === 'ROW') {
    for (const f of type.fields) {
      children.push(nodeOf(f.name, f.type, next));
      next += leafCount(f.type);
    }
  }
  return { name, leaf, type, children };
}
