import type { Batch } from '../batch/batch.js';
import type { ExchangeWriter } from '../exchange/writer.js';
import type { ChainedOperator } from './chain.js';
import type { HotKeyWatch } from './hot-keys.js';

export interface Edge {
  readonly writer: ExchangeWriter;
  /** where a key with many rows would be one receiver's burden */
  readonly watch?: HotKeyWatch;
}
export interface Child {
  readonly op: ChainedOperator;
  readonly input: number;
}
/** Where rows go: other operators of the chain, and edges to other tasks. */
export class Receivers {
  readonly children: Child[] = [];
  readonly edges: Edge[] = [];

  batch(batch: Batch): void {
    const { children, edges } = this;
    for (let i = 0; i < children.length; i++) children[i].op.deliver(batch, children[i].input);
    for (let i = 0; i < edges.length; i++) {
      edges[i].watch?.batch(batch);
      edges[i].writer.batch(batch);
    }
  }
}
