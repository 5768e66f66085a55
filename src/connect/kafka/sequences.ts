/** A producer's identity: the broker drops what it has already taken of it. With a transactional id it outlives the process. */
export interface Producer {
  readonly id: bigint;
  readonly epoch: number;
  readonly transactionalId?: string;
}

/** Sequence numbers of one producer, by partition: every record has one, and the broker takes them in order only. */
export class Sequences {
  readonly producer: Producer;
  readonly #next = new Map<number, number>();

  constructor(producer: Producer) {
    this.producer = producer;
  }

  /** The first of `count` numbers for a batch; the next batch of the partition goes on behind them (2^31 - 1 is followed by 0). */
  take(partition: number, count: number): number {
    const first = this.#next.get(partition) ?? 0;
    this.#next.set(partition, (first + count) % 2 ** 31);
    return first;
  }
}
