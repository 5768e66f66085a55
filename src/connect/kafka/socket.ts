import { isIP, type NetConnectOpts, type Socket, connect as tcpConnect } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import type { TlsSettings } from './settings.js';

/** Who takes a socket's bytes: gives room for the next ones, and is told how many came. */
export interface Intake {
  /** At least one byte of room. */
  room(): Uint8Array;
  took(bytes: number): void;
}

interface SocketOptions {
  readonly host: string;
  readonly port: number;
  readonly ssl?: TlsSettings | null;
  readonly onConnect: () => void;
}

const KEEP_ALIVE_MS = 60_000;

/** Bytes go here while kafkajs owns a socket, for all sockets of the thread: a read and its callback are never apart. */
const shared = Buffer.allocUnsafeSlow(64 << 10);
const taps = new WeakMap<Socket, { intake?: Intake }>();

/** kafkajs's socket factory. Plain sockets are read into memory of the reader's choice, so that `divert` costs no copy; TLS ones give chunks. */
export function socketFactory({ host, port, ssl, onConnect }: SocketOptions): Socket {
  if (ssl !== undefined && ssl !== null) {
    const { verifyHost, ...tls } = ssl;
    const unverified = verifyHost ? {} : { checkServerIdentity: () => undefined };
    const socket = tlsConnect({ host, port, ...(isIP(host) !== 0 ? {} : { servername: host }), ...tls, ...unverified }, onConnect);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    return socket;
  }
  const tap: { intake?: Intake } = {};
  const socket: Socket = tcpConnect({
    host,
    port,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_MS,
    onread: {
      buffer: () => tap.intake?.room() ?? shared,
      callback: (bytes: number, into: Uint8Array) => {
        const { intake } = tap;
        if (intake === undefined) socket.emit('data', Buffer.from(into.subarray(0, bytes)));
        else if (into === shared) pour(into.subarray(0, bytes), intake);
        else intake.took(bytes);
        return true;
      },
    },
  } as NetConnectOpts);
  taps.set(socket, tap);
  socket.once('connect', onConnect);
  return socket;
}

/** From now on the socket's bytes go to the intake and nowhere else. */
export function divert(socket: Socket, intake: Intake): void {
  const tap = taps.get(socket);
  if (tap !== undefined) tap.intake = intake;
  socket.removeAllListeners('timeout');
  socket.removeAllListeners('data');
  socket.on('data', (chunk: Buffer) => pour(chunk, intake)); // of TLS; plain sockets never emit it by themselves
}

function pour(chunk: Uint8Array, intake: Intake): void {
  for (let at = 0; at < chunk.length; ) {
    const room = intake.room();
    const part = chunk.subarray(at, at + room.length);
    room.set(part);
    at += part.length;
    intake.took(part.length);
  }
}
