import type { Socket } from 'node:net';
import { KAFKA_CONTROL_BYTES_MAX, KAFKA_SCRAM_ITERATIONS_MAX, KAFKA_THROTTLE_MS_MAX } from '../../base/limits.js';
import { notKafka } from './failure.js';

/** What kafkajs 2.2.4 does wrong, mended in its prototypes, once per thread. */

interface QueuePrototype {
  pending: readonly unknown[];
  scheduleCheckPendingRequests(): void;
  maybeThrottle(ms: number | null): void;
}
interface ConnectionPrototype {
  readonly broker: string;
  readonly socket: Socket;
  chunks: Buffer[];
  bytesBuffered: number;
  bytesNeeded: number;
  correlationId: number;
  authHandlers: { onSuccess(raw: Buffer): void; onError(): void } | null;
  authExpectResponse: boolean;
  requestQueue: { inflight: ReadonlyMap<number, unknown>; fulfillRequest(response: { size: number; correlationId: number; payload: Buffer }): void };
  isConnected(): boolean;
  connect(): Promise<unknown>;
  disconnect(): Promise<unknown>;
  rejectRequests(error: Error): void;
  processData(raw: Buffer): void;
  send(request: object): Promise<unknown>;
}
interface DecoderPrototype {
  buffer: Buffer;
  offset: number;
  readString(): unknown;
  readBytes(length?: number): unknown;
  readInt32(): number;
  readArray(reader: unknown): unknown;
  readArrayAsync(reader: unknown): unknown;
}

const repaired = new WeakSet<object>();
/** False the second time. */
function once(prototype: object): boolean {
  if (repaired.has(prototype)) return false;
  repaired.add(prototype);
  return true;
}

/**
 * kafkajs sets a timer to a negative time after every response when nothing is pending, and again whenever it fires: a busy loop, and a TimeoutNegativeWarning on
 * Node >= 24. With nothing pending there is nothing to check. It waits as long as a broker says, were it for weeks.
 */
export function repairRequestQueue(prototype: QueuePrototype): void {
  if (!once(prototype)) return;
  const { scheduleCheckPendingRequests, maybeThrottle } = prototype;
  prototype.scheduleCheckPendingRequests = function (this: QueuePrototype): void {
    if (this.pending.length > 0) scheduleCheckPendingRequests.call(this);
  };
  prototype.maybeThrottle = function (this: QueuePrototype, ms: number | null): void {
    maybeThrottle.call(this, ms === null ? ms : Math.min(ms, KAFKA_THROTTLE_MS_MAX));
  };
}

/**
 * kafkajs keeps what it had of a response when its connection broke, and takes it for the beginning of the first one of the next connection: every request then waits
 * until it times out. And it believes any length: what is no response ends the process, in a callback of the socket.
 */
export function repairConnection(prototype: ConnectionPrototype): void {
  if (!once(prototype)) return;
  const { connect, send } = prototype;
  prototype.connect = function (this: ConnectionPrototype): Promise<unknown> {
    if (!this.isConnected()) {
      this.chunks = [];
      this.bytesBuffered = 0;
      this.bytesNeeded = 4;
    }
    return connect.call(this);
  };
  prototype.send = async function (this: ConnectionPrototype, request: object): Promise<unknown> {
    try {
      return await send.call(this, request);
    } catch (e) {
      // its decoders and parsers fail with whatever they meet
      throw e instanceof RangeError || e instanceof TypeError || e instanceof SyntaxError ? notKafka(this.broker, e.message, e) : e;
    }
  };
  prototype.processData = function (this: ConnectionPrototype, raw: Buffer): void {
    try {
      if (this.authHandlers !== null && !this.authExpectResponse) this.authHandlers.onSuccess(raw);
      else takeResponses(this, raw);
    } catch (e) {
      this.chunks = [];
      this.bytesBuffered = 0;
      this.rejectRequests(notKafka(this.broker, e instanceof Error ? e.message : String(e), e));
      this.authHandlers?.onError();
      // the next connection must hear nothing of this one's end
      const { socket } = this;
      for (const event of ['data', 'end', 'error', 'timeout']) socket.removeAllListeners(event);
      socket.on('error', () => {}).destroy();
      void this.disconnect().catch(() => {});
    }
  };
}

/** Gives the whole responses among the bytes that have come to those who wait for them. */
function takeResponses(c: ConnectionPrototype, raw: Buffer): void {
  c.chunks.push(raw);
  c.bytesBuffered += raw.length;
  while (c.bytesNeeded <= c.bytesBuffered) {
    const bytes = c.chunks.length > 1 ? Buffer.concat(c.chunks) : c.chunks[0];
    const size = bytes.readInt32BE(0);
    // the tokens of the first SASL protocol have lengths, but no correlation ids
    if (size < (c.authHandlers === null ? 4 : 0) || size > KAFKA_CONTROL_BYTES_MAX) throw new RangeError(`a response of ${size} bytes`);
    c.bytesNeeded = 4 + size;
    if (bytes.length < c.bytesNeeded) {
      c.chunks = [bytes];
      return;
    }
    const response = bytes.subarray(0, 4 + size);
    c.chunks = [bytes.subarray(4 + size)];
    c.bytesBuffered = bytes.length - 4 - size;
    c.bytesNeeded = 4;
    if (c.authHandlers !== null) {
      c.authHandlers.onSuccess(response);
      return;
    }
    const correlationId = response.readInt32BE(4);
    // the answer to a request that has timed out is passed over
    if (correlationId < 0 || correlationId >= c.correlationId) throw new RangeError(`an answer to request ${correlationId}, which was never made`);
    c.requestQueue.fulfillRequest({ size, correlationId, payload: response.subarray(8) });
  }
}

/** kafkajs's decoder goes backwards at negative lengths, for ever in an array, and reserves whatever an array's length says. */
export function repairDecoder(prototype: DecoderPrototype): void {
  if (!once(prototype)) return;
  const { readString, readBytes, readArray, readArrayAsync } = prototype;
  prototype.readString = function (this: DecoderPrototype): unknown {
    checkLength(this, this.buffer.readInt16BE(this.offset), 2);
    return readString.call(this);
  };
  prototype.readBytes = function (this: DecoderPrototype, length = this.readInt32()): unknown {
    checkLength(this, length, 0);
    return readBytes.call(this, length);
  };
  // an element has one byte at least
  prototype.readArray = function (this: DecoderPrototype, reader: unknown): unknown {
    checkLength(this, this.buffer.readInt32BE(this.offset), 4);
    return readArray.call(this, reader);
  };
  prototype.readArrayAsync = function (this: DecoderPrototype, reader: unknown): unknown {
    checkLength(this, this.buffer.readInt32BE(this.offset), 4);
    return readArrayAsync.call(this, reader);
  };
}

/** -1 stands for null. */
function checkLength(d: DecoderPrototype, length: number, before: number): void {
  if (length < -1 || length > d.buffer.length - d.offset - before)
    throw new RangeError(`a length of ${length} where ${d.buffer.length - d.offset} bytes are left`);
}

type Hi = (password: unknown, salt: unknown, iterations: number, digest: unknown) => Promise<unknown>;

/** A server may ask for any number of rounds of its hash, and nothing could stop them. */
export function repairScram(scram: { hi: Hi }): void {
  if (!once(scram)) return;
  const { hi } = scram;
  scram.hi = async (password, salt, iterations, digest) => {
    if (!(iterations <= KAFKA_SCRAM_ITERATIONS_MAX)) throw new RangeError(`${iterations} iterations of SCRAM`);
    return hi.call(scram, password, salt, iterations, digest);
  };
}
