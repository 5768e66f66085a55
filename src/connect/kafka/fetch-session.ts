export const FETCH_API_KEY = 1;
/** Fetch versions whose layout this file and fetch-response.ts know: 4 brought RecordBatch, 7 sessions (KIP-227), 11 the rack. */
export const FETCH_VERSION_MIN = 4;
export const FETCH_VERSION_MAX = 11;

/** What all requests of a source say. */
export interface FetchSettings {
  readonly minBytes: number;
  readonly maxBytes: number;
  /** 0 = read_uncommitted, 1 = read_committed */
  readonly isolationLevel: number;
  readonly rackId: string;
}

/** A partition to ask for. */
export interface FetchTarget {
  readonly split: { readonly topic: string; readonly partition: number };
  readonly offset: bigint;
  readonly maxBytes: number;
}

interface Asked {
  readonly topic: string;
  readonly partition: number;
  offset: bigint;
  maxBytes: number;
}

/** The broker forgot the session, or has another epoch of it. */
const SESSION_ID_NOT_FOUND = 70;
const INVALID_SESSION_EPOCH = 71;

/**
 * A fetch session with one broker (KIP-227): after a first request that names every partition, the following ones name only what has changed,
 * the broker answers only what has news, and lets partitions take turns by itself.
 */
export class FetchSession {
  #id = 0;
  /** 0 = the next request is a full one */
  #epoch = 0;
  #asked = new Map<string, Asked>();

  /** The body of the next Fetch, v4 to v11 (kafka.apache.org/protocol). */
  encode(version: number, s: FetchSettings, maxWaitMs: number, targets: readonly FetchTarget[]): Buffer {
    const full = version < 7 || this.#epoch === 0;
    const before = full ? new Map<string, Asked>() : this.#asked;
    const now = new Map<string, Asked>();
    const changed: Asked[] = [];
    for (const t of targets) {
      const { topic, partition } = t.split;
      const key = `${partition}:${topic}`;
      const old = before.get(key);
      const asked = { topic, partition, offset: t.offset, maxBytes: t.maxBytes };
      now.set(key, asked);
      if (old === undefined || old.offset !== t.offset || old.maxBytes !== t.maxBytes) changed.push(asked);
    }
    const forgotten = [...before].filter(([key]) => !now.has(key)).map(([, a]) => a);
    this.#asked = now;
    const w = new Writer(64 + 64 * (changed.length + forgotten.length) + 2 * topicBytes([...changed, ...forgotten]) + Buffer.byteLength(s.rackId));
    w.i32(-1); // no replica
    w.i32(maxWaitMs);
    w.i32(s.minBytes);
    w.i32(s.maxBytes);
    w.i8(s.isolationLevel);
    if (version >= 7) {
      w.i32(this.#id);
      w.i32(this.#epoch);
    }
    w.topics(changed, (a) => {
      w.i32(a.partition);
      if (version >= 9) w.i32(-1); // the leader's epoch is not known
      w.i64(a.offset);
      if (version >= 5) w.i64(-1n); // log start offset: for followers
      w.i32(a.maxBytes);
    });
    if (version >= 7) w.topics(forgotten, (a) => w.i32(a.partition));
    if (version >= 11) w.string(s.rackId);
    return w.bytes();
  }

  /** The last request was answered. False: the broker knows the session no more, and the same has to be asked again. */
  answered(errorCode: number, sessionId: number): boolean {
    if (errorCode === SESSION_ID_NOT_FOUND || errorCode === INVALID_SESSION_EPOCH) {
      if (errorCode === SESSION_ID_NOT_FOUND) this.#id = 0;
      this.#epoch = 0;
      return false;
    }
    if (this.#epoch === 0) this.#id = sessionId; // 0 = the broker keeps no session for us
    this.#epoch = this.#id === 0 ? 0 : (this.#epoch & 0x7fffffff) === 0x7fffffff ? 1 : this.#epoch + 1;
    return true;
  }
}

function topicBytes(list: readonly Asked[]): number {
  return list.reduce((n, a) => n + Buffer.byteLength(a.topic), 0);
}

class Writer {
  readonly #b: Buffer;
  #at = 0;

  constructor(bytesMax: number) {
    this.#b = Buffer.allocUnsafe(bytesMax);
  }
  i8(v: number): void {
    this.#at = this.#b.writeInt8(v, this.#at);
  }
  i32(v: number): void {
    this.#at = this.#b.writeInt32BE(v, this.#at);
  }
  i64(v: bigint): void {
    this.#at = this.#b.writeBigInt64BE(v, this.#at);
  }
  string(v: string): void {
    this.#at = this.#b.writeInt16BE(Buffer.byteLength(v), this.#at);
    this.#at += this.#b.write(v, this.#at);
  }
  /** Partitions under their topics. */
  topics(list: readonly Asked[], write: (a: Asked) => void): void {
    const byTopic = new Map<string, Asked[]>();
    for (const a of list) {
      const of = byTopic.get(a.topic);
      if (of === undefined) byTopic.set(a.topic, [a]);
      else of.push(a);
    }
    this.i32(byTopic.size);
    for (const [topic, partitions] of byTopic) {
      this.string(topic);
      this.i32(partitions.length);
      for (const a of partitions) write(a);
    }
  }
  bytes(): Buffer {
    return this.#b.subarray(0, this.#at);
  }
}
