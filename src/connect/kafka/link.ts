import type { Socket } from 'node:net';
import { MillraceError } from '../../base/errors.js';
import { KAFKA_CONTROL_BYTES_MAX } from '../../base/limits.js';
import { notKafka } from './failure.js';
import { divert, type Intake } from './socket.js';

/** Takes the bytes of one response as they come. What it throws ends the link. */
export interface ResponseReader<T> {
  /** A response of that many bytes begins. */
  begin(bytes: number): void;
  /** Room for the next bytes: one at least. The link takes no more than the response has left. */
  room(): Uint8Array;
  took(bytes: number): void;
  /** All bytes have come. */
  end(): T;
  /** The rest will never come. */
  abort(): void;
}

/** A response as one buffer. */
export class WholeResponse<T> implements ResponseReader<T> {
  readonly #decode: (payload: Buffer) => T;
  #payload: Buffer = Buffer.alloc(0);
  #filled = 0;

  constructor(decode: (payload: Buffer) => T) {
    this.#decode = decode;
  }
  begin(bytes: number): void {
    if (bytes > KAFKA_CONTROL_BYTES_MAX) throw new RangeError(`a response of ${bytes} bytes`);
    this.#payload = Buffer.allocUnsafe(bytes);
  }
  room(): Uint8Array {
    return this.#payload.subarray(this.#filled);
  }
  took(bytes: number): void {
    this.#filled += bytes;
  }
  end(): T {
    return this.#decode(this.#payload);
  }
  abort(): void {}
}

interface InFlight {
  readonly correlationId: number;
  readonly reader: ResponseReader<unknown>;
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
}

export interface LinkOptions {
  readonly clientId: string;
  /** 'host:port', for messages */
  readonly address: string;
  /** a connection on which nothing moves for so long while an answer is due is given up */
  readonly timeoutMs: number;
  /** whether the broker wants the connection to authenticate again */
  readonly expired: () => boolean;
  /** ends the connection */
  readonly end: () => void;
  /** version ranges of the broker by API key */
  readonly versions: Readonly<Record<number, { readonly minVersion: number; readonly maxVersion: number } | undefined>>;
}

/** A response's size and correlation id. */
const HEAD_BYTES = 8;
/** Larger responses do not exist: what came is not Kafka's protocol. */
const RESPONSE_BYTES_MAX = 2 ** 30;

/**
 * A connection to one broker on which several requests may be in flight; the broker answers them in order. kafkajs has set it up (TLS,
 * SASL); from then on bytes go straight between the socket and those who make requests and read responses.
 */
export class BrokerLink implements Intake {
  readonly #socket: Socket;
  readonly #options: LinkOptions;
  readonly #inFlight: InFlight[] = [];
  readonly #head = Buffer.alloc(HEAD_BYTES);
  /** bytes of the head that have come; HEAD_BYTES = a response is coming */
  #headBytes = 0;
  /** bytes of the response that are still to come */
  #left = 0;
  #correlationId = 0;
  #error: unknown;

  constructor(socket: Socket, options: LinkOptions) {
    this.#socket = socket;
    this.#options = options;
    divert(socket, this);
    socket.setTimeout(options.timeoutMs);
    socket.on('timeout', () => {
      if (this.#inFlight.length > 0) this.#fail(gone(`the broker did not answer within ${options.timeoutMs} ms`, 'ETIMEDOUT'));
    });
    socket.on('error', (e) => this.#fail(e));
    socket.on('end', () => this.#fail(gone('the broker closed the connection', 'ECONNRESET')));
    socket.on('close', () => this.#fail(gone('the connection was closed', 'ECONNRESET')));
  }

  /** It can be used no more. */
  get closed(): boolean {
    return this.#error !== undefined;
  }
  /** It should be opened anew as soon as nothing is in flight. */
  get expired(): boolean {
    return this.#options.expired();
  }
  get inFlight(): number {
    return this.#inFlight.length;
  }

  /** The newest version of an API that the broker and [min, max] have in common. */
  version(apiKey: number, name: string, min: number, max: number): number {
    const range = this.#options.versions[apiKey];
    const version = Math.min(range?.maxVersion ?? 0, max);
    if (version < min || version < (range?.minVersion ?? 0)) {
      throw new MillraceError('KAFKA_CLIENT', `the broker speaks ${name} ${range?.minVersion} to ${range?.maxVersion}, millrace ${min} to ${max}`);
    }
    return version;
  }

  /** Sends a request (its parts must stay as they are until it is answered). Without a reader nobody answers. */
  request<T>(apiKey: number, version: number, body: readonly Uint8Array[], reader: ResponseReader<T> | undefined): Promise<T> {
    if (this.#error !== undefined) return Promise.reject(this.#error);
    const client = Buffer.from(this.#options.clientId);
    const head = Buffer.allocUnsafe(14 + client.length);
    const correlationId = this.#correlationId;
    this.#correlationId = (correlationId + 1) & 0x7fffffff;
    let bytes = 10 + client.length;
    for (const b of body) bytes += b.length;
    let at = head.writeInt32BE(bytes, 0);
    at = head.writeInt16BE(apiKey, at);
    at = head.writeInt16BE(version, at);
    at = head.writeInt32BE(correlationId, at);
    at = head.writeInt16BE(client.length, at);
    client.copy(head, at);
    const answered =
      reader === undefined
        ? Promise.resolve(undefined as T)
        : new Promise<T>((resolve, reject) => this.#inFlight.push({ correlationId, reader, resolve: resolve as (value: never) => void, reject }));
    this.#socket.cork();
    this.#socket.write(head);
    for (const b of body) this.#socket.write(b);
    this.#socket.uncork();
    return answered;
  }

  room(): Uint8Array {
    if (this.#headBytes < HEAD_BYTES || this.#inFlight.length === 0) return this.#head.subarray(this.#headBytes % HEAD_BYTES);
    const room = this.#inFlight[0].reader.room();
    return room.length > this.#left ? room.subarray(0, this.#left) : room;
  }

  took(bytes: number): void {
    if (this.#error !== undefined) return;
    try {
      if (this.#headBytes < HEAD_BYTES) {
        this.#headBytes += bytes;
        if (this.#headBytes >= 4) this.#checkSize();
        if (this.#headBytes < HEAD_BYTES) return;
        this.#begin();
      } else {
        this.#inFlight[0].reader.took(bytes);
        this.#left -= bytes;
      }
      if (this.#left === 0) this.#complete();
    } catch (e) {
      const known = e instanceof MillraceError && (e.code !== 'KAFKA_PROTOCOL' || e.remedy !== '');
      this.#fail(known ? e : notKafka(this.#options.address, e instanceof Error ? e.message : String(e), e));
    }
  }

  /** Gives up: whatever is in flight fails with the error. */
  close(error: unknown = gone('the connection was closed', 'ECONNRESET')): void {
    this.#fail(error);
  }

  #checkSize(): number {
    const size = this.#head.readInt32BE(0);
    if (size < 4 || size > RESPONSE_BYTES_MAX) throw new RangeError(`a response of ${size} bytes`);
    return size;
  }

  #begin(): void {
    const correlationId = this.#head.readInt32BE(4);
    if (correlationId !== this.#inFlight[0]?.correlationId) throw new RangeError(`an answer to request ${correlationId}, which is not the next one`);
    this.#left = this.#checkSize() - 4;
    this.#inFlight[0].reader.begin(this.#left);
  }

  #complete(): void {
    const value = this.#inFlight[0].reader.end(); // may throw: it is still in flight then
    this.#headBytes = 0;
    (this.#inFlight.shift() as InFlight).resolve(value as never);
  }

  #fail(error: unknown): void {
    if (this.#error !== undefined) return;
    this.#error = error;
    for (const f of this.#inFlight.splice(0)) {
      f.reader.abort();
      f.reject(error);
    }
    this.#options.end();
    this.#socket.destroy();
  }
}

function gone(message: string, code: string): Error {
  return Object.assign(new Error(message), { code });
}
