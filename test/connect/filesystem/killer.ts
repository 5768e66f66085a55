// Loaded before the command line: ends the process with SIGKILL just before the call number KILL_AT that changes the disk, in the thread KILL_IN.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { Server } from 'node:net';
import { isMainThread } from 'node:worker_threads';

const CALLS = ['mkdirSync', 'openSync', 'writeSync', 'fsyncSync', 'closeSync', 'renameSync', 'unlinkSync'] as const;
let left = Number(process.env.KILL_AT);

function count(on: object, name: string): void {
  const calls = on as Record<string, (...args: unknown[]) => unknown>;
  const real = calls[name];
  calls[name] = function (this: unknown, ...args: unknown[]): unknown {
    if (left-- === 0) process.kill(process.pid, 'SIGKILL');
    return real.apply(this, args);
  };
}

if (isMainThread === (process.env.KILL_IN === 'host')) {
  for (const name of CALLS) count(fs, name);
  syncBuiltinESMExports();
  count(Server.prototype, 'listen');
}
