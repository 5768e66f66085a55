import { setTimeout as delay } from 'node:timers/promises';
import { KAFKA_THROTTLE_MS_MAX } from '../../base/limits.js';
import type { KafkaCluster } from './client-internals.js';
import type { Silence } from './connect.js';
import { isTransient } from './failure.js';
import { type FetchedPartition, FetchReader, type FetchResponse, type RecordsIntake } from './fetch-response.js';
import { FETCH_API_KEY, FETCH_VERSION_MAX, FETCH_VERSION_MIN, FetchSession, type FetchSettings } from './fetch-session.js';
import type { BrokerLink } from './link.js';
import type { PartitionFetch } from './partition-fetch.js';
import { protocolError } from './protocol-errors.js';

/** A long poll ends so soon while partitions are held back, so that they are asked for again when the ring has room. */
const WAIT_MS_HELD_BACK = 10;
/** So soon a lane looks again whether the rings of its partitions have room. */
const ROOM_POLL_MS = 1;
const OFFSET_OUT_OF_RANGE = 1;

/** What a lane needs of the fetcher it belongs to. */
export interface LaneHost {
  readonly cluster: KafkaCluster;
  readonly settings: FetchSettings;
  readonly maxWaitMs: number;
  readonly silence: Silence;
  readonly stopped: AbortSignal;
  /** the lane's unfinished partitions now */
  partitions(): PartitionFetch[];
  /** resolves when something changed for whoever waits */
  changed(): Promise<void>;
  refreshLeaders(cause: unknown): Promise<void>;
  offsetOutOfRange(p: PartitionFetch): Promise<void>;
  failed(cause: unknown): unknown;
}

/**
 * Asks one broker for some of the partitions it leads, over a link and a fetch session of its own. Lanes of one broker have their requests
 * in flight side by side. A full ring holds back the partitions of its subtask and nobody else.
 */
export class FetchLane {
  readonly #host: LaneHost;
  readonly #leader: number;
  #link: BrokerLink | undefined;
  #session = new FetchSession();
  /** requests so far */
  #turn = 0;

  constructor(leader: number, host: LaneHost) {
    this.#leader = leader;
    this.#host = host;
  }

  /** Runs until the lane has no partition any more. */
  async run(): Promise<void> {
    const host = this.#host;
    try {
      while (!host.stopped.aborted) {
        const changed = host.changed();
        const all = host.partitions();
        if (all.length === 0) return;
        const led = all.filter((p) => p.split.stop === undefined || p.offset < p.split.stop);
        const ready = roomy(led, this.#turn++);
        if (ready.length === 0) {
          await (led.some((p) => p.pending === 0) ? delay(ROOM_POLL_MS, undefined, { signal: host.stopped }).catch(() => {}) : changed);
          continue;
        }
        const waitMs = ready.length < led.length ? Math.min(WAIT_MS_HELD_BACK, host.maxWaitMs) : host.maxWaitMs;
        let response: FetchResponse;
        try {
          response = await this.#fetch(ready, waitMs);
          host.silence.end();
        } catch (e) {
          if (host.stopped.aborted) return;
          if (!isTransient(e)) throw e;
          host.silence.goesOn(host.failed(e));
          await host.refreshLeaders(e);
          continue;
        }
        await this.#take(response, ready);
      }
    } finally {
      this.#link?.close();
    }
  }

  async #fetch(ready: readonly PartitionFetch[], waitMs: number): Promise<FetchResponse> {
    if (this.#link?.expired === true) this.#link.close();
    if (this.#link === undefined || this.#link.closed) {
      this.#link = await this.#host.cluster.openLink(this.#leader, this.#host.maxWaitMs);
      this.#session = new FetchSession();
    }
    const version = this.#link.version(FETCH_API_KEY, 'Fetch', FETCH_VERSION_MIN, FETCH_VERSION_MAX);
    const body = this.#session.encode(version, this.#host.settings, waitMs, ready);
    return this.#link.request(FETCH_API_KEY, version, [body], new FetchReader(version, new Placing(ready)));
  }

  async #take(response: FetchResponse, asked: readonly PartitionFetch[]): Promise<void> {
    const host = this.#host;
    if (response.throttleTimeMs > 0) await delay(Math.min(response.throttleTimeMs, KAFKA_THROTTLE_MS_MAX), undefined, { signal: host.stopped }).catch(() => {});
    if (!this.#session.answered(response.errorCode, response.sessionId)) return;
    if (response.errorCode !== 0) throw protocolError(response.errorCode, asked[0].where).error;
    let stale: unknown;
    for (const f of response.partitions) {
      const p = find(asked, f.topic, f.partition);
      if (p === undefined) continue;
      if (f.errorCode === OFFSET_OUT_OF_RANGE) await host.offsetOutOfRange(p);
      else if (f.errorCode !== 0) {
        const { error, retriable } = protocolError(f.errorCode, p.where);
        if (!retriable) throw error;
        stale = error;
      } else if (f.preferredReplica >= 0 && f.bytes === 0) p.leader = f.preferredReplica;
    }
    if (stale !== undefined) await host.refreshLeaders(stale);
  }
}

/**
 * Those whose responses their rings have room for, all of them together: what comes is read straight to where the slot takes it. Where room
 * is short, each turn begins with another partition.
 */
function roomy(led: readonly PartitionFetch[], turn: number): PartitionFetch[] {
  const bytes = new Map<number, number>();
  const out: PartitionFetch[] = [];
  for (let i = 0; i < led.length; i++) {
    const p = led[(turn + i) % led.length];
    const all = (bytes.get(p.subtask) ?? 0) + p.answerBytes;
    if (!p.ready(all)) continue;
    bytes.set(p.subtask, all);
    out.push(p);
  }
  return out;
}

function find(asked: readonly PartitionFetch[], topic: string, partition: number): PartitionFetch | undefined {
  return asked.find((a) => a.split.partition === partition && a.split.topic === topic);
}

/**
 * Gives a response's records to the partitions that asked for them. Records of an offset that a partition does not wait for any more (it
 * was asked for elsewhere meanwhile, or goes on at another offset) are dropped.
 */
class Placing implements RecordsIntake {
  readonly #asked: readonly PartitionFetch[];
  readonly #offsets: readonly bigint[];
  #current: PartitionFetch | undefined;

  constructor(asked: readonly PartitionFetch[]) {
    this.#asked = asked;
    this.#offsets = asked.map((p) => p.offset);
  }
  place(f: FetchedPartition): Uint8Array {
    const p = find(this.#asked, f.topic, f.partition);
    const wanted = p !== undefined && f.errorCode === 0 && !p.placing && p.offset === this.#offsets[this.#asked.indexOf(p)];
    this.#current = wanted ? p : undefined;
    return this.#current?.place(f.bytes) ?? Buffer.allocUnsafe(f.bytes);
  }
  records(f: FetchedPartition): void {
    this.#current?.takeRecords(f);
    this.#current = undefined;
  }
  lost(): void {
    this.#current?.lost();
    this.#current = undefined;
  }
}
