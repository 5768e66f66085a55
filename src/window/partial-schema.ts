import type { LocalWindowAggregateConfig } from '../contract/nodes.js';
import type { Leaf } from '../types/leaf.js';
import { BIGINT, type Schema, STRING_LENGTH } from '../types/logical.js';

/** What leaves on the side output PARTIALS. */
export function partialSchema(leaves: readonly Leaf[], { keys, window, decides }: LocalWindowAggregateConfig): Schema {
  return {
    fields: [
      ...keys.map((k, i) => ({ name: `key${i}`, type: leaves[k].type })),
      { name: 'accumulators', type: { root: 'VARBINARY', length: STRING_LENGTH, nullable: false } },
      { name: 'sliceEnd', type: BIGINT(false) },
      ...(decides && window.type === 'hop' ? [{ name: 'firedEnd', type: BIGINT(false) }] : []),
    ],
  };
}
