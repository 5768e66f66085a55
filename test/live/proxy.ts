import { connect, createServer, type Socket } from 'node:net';

/** A TCP proxy that cuts connections in the middle of what the server says. */
export interface Proxy {
  readonly port: number;
  /** bytes of answers after which the next connection is cut; undefined = never */
  cutAfter: (() => number) | undefined;
  readonly cuts: number;
  close(): Promise<void>;
}

/** Listens on `port` and passes everything on to `target`, which may be set later. */
export async function startProxy(port: number, target: () => number): Promise<Proxy> {
  const sockets = new Set<Socket>();
  const proxy = { port, cutAfter: undefined as (() => number) | undefined, cuts: 0 };
  const server = createServer((client) => {
    const upstream = connect({ host: '127.0.0.1', port: target() });
    const both = [client, upstream];
    const end = (): void => {
      for (const s of both) {
        s.destroy();
        sockets.delete(s);
      }
    };
    for (const s of both) {
      sockets.add(s);
      s.setNoDelay(true);
      s.on('error', end);
      s.on('close', end);
    }
    let left = proxy.cutAfter?.() ?? Number.POSITIVE_INFINITY;
    client.pipe(upstream);
    upstream.on('data', (chunk: Buffer) => {
      if (left === Number.POSITIVE_INFINITY) left = proxy.cutAfter?.() ?? left;
      if (chunk.length < left) {
        left -= chunk.length;
        if (!client.write(chunk)) {
          upstream.pause();
          client.once('drain', () => upstream.resume());
        }
        return;
      }
      proxy.cuts++;
      upstream.pause();
      client.write(chunk.subarray(0, left), end);
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return Object.assign(proxy, {
    close: async () => {
      for (const s of sockets) s.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}
