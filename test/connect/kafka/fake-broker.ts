import { createServer, type Server, type Socket } from 'node:net';

/** API keys that millrace uses, by name. */
export const APIS = {
  Produce: 0,
  Fetch: 1,
  ListOffsets: 2,
  Metadata: 3,
  OffsetCommit: 8,
  OffsetFetch: 9,
  FindCoordinator: 10,
  SaslHandshake: 17,
  ApiVersions: 18,
  InitProducerId: 22,
  SaslAuthenticate: 36,
} as const;
export type ApiName = keyof typeof APIS;

/** The versions the broker claims; newer ones would only look different. */
const VERSIONS: Readonly<Record<ApiName, readonly [min: number, max: number]>> = {
  Produce: [3, 3],
  Fetch: [4, 4],
  ListOffsets: [1, 1],
  Metadata: [1, 10],
  OffsetCommit: [2, 2],
  OffsetFetch: [1, 1],
  FindCoordinator: [1, 1],
  SaslHandshake: [1, 1],
  ApiVersions: [0, 0],
  InitProducerId: [0, 0],
  SaslAuthenticate: [0, 0],
};
const NAMES = Object.fromEntries(Object.entries(APIS).map(([n, k]) => [k, n])) as Record<number, ApiName>;

/** What is sent instead of a response's bytes (its length before it); undefined closes the connection. */
export type Spoil = (api: ApiName, nth: number, frame: Buffer) => Buffer | undefined;

/** One topic 't' of one partition; everything that is asked for is there, nothing is kept. */
export interface FakeBroker {
  readonly address: string;
  /** changes what it says; nth counts the responses of an API from 0 */
  spoil: Spoil;
  close(): Promise<void>;
}

export async function startFakeBroker(records: readonly Buffer[], endOffset: number): Promise<FakeBroker> {
  const sockets = new Set<Socket>();
  const counts = new Map<ApiName, number>();
  const broker = { address: '', spoil: ((_api, _nth, frame) => frame) as Spoil };
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    let bytes = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      bytes = Buffer.concat([bytes, chunk]);
      while (bytes.length >= 4 && bytes.length >= 4 + bytes.readInt32BE(0)) {
        const request = bytes.subarray(4, 4 + bytes.readInt32BE(0));
        bytes = bytes.subarray(4 + request.length);
        const api = NAMES[request.readInt16BE(0)];
        const body = answer(api, request, Number(broker.address.split(':')[1]), records, endOffset);
        const frame = Buffer.alloc(8 + body.length);
        frame.writeInt32BE(4 + body.length, 0);
        request.copy(frame, 4, 4, 8);
        body.copy(frame, 8);
        const nth = counts.get(api) ?? 0;
        counts.set(api, nth + 1);
        const said = broker.spoil(api, nth, frame);
        if (said === undefined) socket.destroy();
        else socket.write(said);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  broker.address = `127.0.0.1:${(server.address() as { port: number }).port}`;
  return Object.assign(broker, {
    close: async () => {
      for (const s of sockets) s.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

const i8 = (v: number): Buffer => Buffer.from([v & 255]);
const i16 = (v: number): Buffer => {
  const b = Buffer.alloc(2);
  b.writeInt16BE(v);
  return b;
};
const i32 = (v: number): Buffer => {
  const b = Buffer.alloc(4);
  b.writeInt32BE(v);
  return b;
};
const i64 = (v: number): Buffer => {
  const b = Buffer.alloc(8);
  b.writeBigInt64BE(BigInt(v));
  return b;
};
const text = (v: string | null): Buffer => (v === null ? i16(-1) : Buffer.concat([i16(v.length), Buffer.from(v)]));
const list = (...items: Buffer[]): Buffer => Buffer.concat([i32(items.length), ...items]);
const all = (...parts: Buffer[]): Buffer => Buffer.concat(parts);

/** v6 */
function metadata(port: number): Buffer {
  return all(
    i32(0),
    list(all(i32(1), text('127.0.0.1'), i32(port), text(null))),
    text('c'),
    i32(1),
    list(all(i16(0), text('t'), i8(0), list(all(i16(0), i32(0), i32(1), list(i32(1)), list(i32(1)), list())))),
  );
}
/** v10, with compact types: lengths are one more than they say, 0 tagged fields behind everything. */
function topicIds(port: number): Buffer {
  const compact = (v: string): Buffer => all(i8(v.length + 1), Buffer.from(v));
  const partition = all(i16(0), i32(0), i32(1), i32(0), i8(2), i32(1), i8(2), i32(1), i8(1), i8(0));
  return all(
    i8(0),
    i32(0),
    all(i8(2), i32(1), compact('127.0.0.1'), i32(port), i8(0), i8(0)),
    compact('c'),
    i32(1),
    all(i8(2), i16(0), compact('t'), Buffer.alloc(16, 7), i8(0), i8(2), partition, i32(0), i8(0)),
    i32(0),
    i8(0),
  );
}

function answer(api: ApiName, request: Buffer, port: number, records: readonly Buffer[], end: number): Buffer {
  const partition = (...rest: Buffer[]): Buffer => list(all(text('t'), list(all(i32(0), ...rest))));
  switch (api) {
    case 'ApiVersions':
      return all(i16(0), list(...Object.entries(VERSIONS).map(([n, [min, max]]) => all(i16(APIS[n as ApiName]), i16(min), i16(max)))));
    case 'Metadata':
      return request.readInt16BE(2) === 10 ? topicIds(port) : metadata(port);
    case 'ListOffsets': {
      const timestamp = Number(request.readBigInt64BE(request.length - 8));
      return partition(i16(0), i64(-1), i64(timestamp === -2 ? 0 : end));
    }
    case 'FindCoordinator':
      return all(i32(0), i16(0), text(null), i32(1), text('127.0.0.1'), i32(port));
    case 'OffsetFetch':
      return partition(i64(0), text(''), i16(0));
    case 'OffsetCommit':
      return partition(i16(0));
    case 'InitProducerId':
      return all(i32(0), i16(0), i64(7), i16(0));
    case 'SaslHandshake':
      return all(i16(0), list(text('PLAIN')));
    case 'SaslAuthenticate':
      return all(i16(0), text(null), i32(0));
    case 'Produce':
      return all(partition(i16(0), i64(0), i64(-1)), i32(0));
    case 'Fetch': {
      const offset = Number(request.readBigInt64BE(request.length - 12));
      const rest = Buffer.concat(records.filter((r) => Number(r.readBigInt64BE(0)) >= offset).slice(0, 1));
      return all(i32(0), partition(i16(0), i64(end), i64(end), list(), i32(rest.length), rest));
    }
  }
}
