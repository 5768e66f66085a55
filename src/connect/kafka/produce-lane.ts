import type { MillraceError } from '../../base/errors.js';
import type { BrokerLink } from './link.js';
import type { OutgoingBatch } from './outgoing-batch.js';

/** A partition's batches on their way, in order: those that were sent and not yet taken, and those that wait. */
export class PartitionQueue {
  readonly number: number;
  /** node id, -1 = unknown */
  leader = -1;
  readonly waiting: OutgoingBatch[] = [];
  readonly sent: OutgoingBatch[] = [];
  /** a batch failed: nothing more is sent until all that was sent is answered and goes again, in order */
  halted = false;
  /**
   * The broker has taken a batch. Before that it knows no producer here and takes any sequence number: were two batches in flight and the first refused, by
   * a broker that becomes the leader just then, the second would be taken before it.
   */
  #begun = false;

  constructor(number: number) {
    this.number = number;
  }

  /** Everything that was sent is answered or lost. */
  get landed(): boolean {
    return this.sent.every((b) => !b.flying);
  }

  /** A batch may be sent now. */
  get ready(): boolean {
    return !this.halted && this.waiting.length > 0 && (this.#begun || this.sent.length === 0);
  }

  /** The oldest batch that the broker has not taken. */
  get oldest(): OutgoingBatch | undefined {
    return this.sent[0] ?? this.waiting[0];
  }

  /** Sends again what was not taken, before what waits. */
  resume(): void {
    this.waiting.unshift(...this.sent.splice(0));
    this.halted = false;
  }

  taken(batch: OutgoingBatch): void {
    this.sent.splice(this.sent.indexOf(batch), 1);
    this.#begun = true;
    batch.done();
  }

  fail(error: MillraceError): void {
    for (const b of [...this.sent.splice(0), ...this.waiting.splice(0)]) b.failed(error);
  }
}

/** What goes to one leader: one link, several requests in flight on it. */
export class ProduceLane {
  readonly leader: number;
  link: BrokerLink | undefined;
  /** the link is being opened */
  opening = false;
  /** requests in flight */
  requests = 0;
  /** the broker asked for a pause */
  paused = false;
  /** the partition that the next request begins with: all get their turn when a request is full */
  #first = 0;

  constructor(leader: number) {
    this.leader = leader;
  }

  /** The next batch of each partition that has one, at most `bytesMax` bytes of them, but one at least. They count as sent. */
  nextGroup(all: readonly PartitionQueue[], bytesMax: number): { queue: PartitionQueue; batch: OutgoingBatch }[] {
    const group: { queue: PartitionQueue; batch: OutgoingBatch }[] = [];
    let bytes = 0;
    for (let i = 0; i < all.length; i++) {
      const queue = all[(this.#first + i) % all.length];
      if (queue.leader !== this.leader || !queue.ready) continue;
      const [batch] = queue.waiting;
      bytes += batch.bytes.length;
      if (group.length > 0 && bytes > bytesMax) {
        this.#first = (this.#first + i) % all.length;
        break;
      }
      queue.waiting.shift();
      queue.sent.push(batch);
      batch.flying = true;
      group.push({ queue, batch });
    }
    return group;
  }
}
