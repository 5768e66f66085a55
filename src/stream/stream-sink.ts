import type { DraftNode } from './graph-builder.js';

/** The end of a stream. */
export class DataStreamSink {
  readonly #node: DraftNode;
  constructor(node: DraftNode) {
    this.#node = node;
  }
  name(name: string): this {
    this.#node.name = name;
    return this;
  }
  uid(uid: string): this {
    this.#node.uid = uid;
    return this;
  }
  setParallelism(parallelism: number): this {
    this.#node.parallelism = parallelism;
    return this;
  }
}
