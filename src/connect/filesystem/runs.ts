import { setMaxListeners } from 'node:events';
import { closeSync, openSync, readdirSync, readFileSync, renameSync, statfsSync, statSync, unlinkSync } from 'node:fs';
import { createConnection, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { makeFolder } from './parts.js';

/*
 * Who is still alive? A run that writes into a folder listens on a socket there, `.millrace-<run>.<boot>`: the kernel stops listening when the process is
 * gone, however it went, and tells any process of the same kernel that asks, whatever its container, user or process numbers. What cannot be
 * known (another kernel may have the folder mounted, no socket) counts as alive.
 */
const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}';
const RUN = new RegExp(`^${UUID}$`);
/** Only millrace's hidden parts name their run twice: other programs' files of this kind are no business of ours. */
const PART = new RegExp(`^\\.part-((${UUID})-\\d+-\\d+)\\.inprogress\\.\\1$`);
const LOCK = new RegExp(`^\\.millrace-(${UUID})\\.([0-9a-f-]{13})$`);
/** A lock that does not listen yet. */
const NEW = new RegExp(`^\\.millrace-(${UUID})\\.new$`);
/** Longer than it takes from making a socket to listening on it, ms. */
const NEW_MS_MAX = 60_000;

/** File systems that one kernel at a time has mounted, by their magic numbers: ext, xfs, btrfs, tmpfs, overlay, zfs, f2fs, bcachefs. */
const LOCAL_FILE_SYSTEMS: ReadonlySet<number> = new Set([0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x794c7630, 0x2fc12fc1, 0xf2f52010, 0xca451a4e]);

/** Announces a run in the folder it is going to write to, until `over` is aborted, and removes the hidden parts of runs that are over. Best effort: what fails leaves files. */
export async function enterFolder(folder: string, runId: string, over: AbortSignal): Promise<void> {
  makeFolder(folder);
  const boot = bootId();
  if (boot === undefined || !RUN.test(runId) || !isLocal(folder)) return;
  let fd = -1;
  try {
    fd = openSync(folder, 'r');
    const short = `/proc/self/fd/${fd}`; // the path of a socket may have 107 bytes: that of the folder may be longer
    const own = `.millrace-${runId}.${boot}`;
    const fresh = `.millrace-${runId}.new`;
    const server = await listen(`${short}/${fresh}`);
    if (server !== undefined) {
      renameSync(join(folder, fresh), join(folder, own));
      const leave = (): void => {
        server.close();
        if (partsOf(list(folder), runId).length === 0) remove(folder, own);
      };
      setMaxListeners(0, over); // one for each sink
      if (over.aborted) leave();
      else over.addEventListener('abort', leave, { once: true });
    }
    await sweep(folder, short, runId, boot);
  } catch {
    // nothing of the run's own work depends on it
  } finally {
    if (fd >= 0) closeSync(fd);
  }
}

async function sweep(folder: string, short: string, runId: string, boot: string): Promise<void> {
  const names = list(folder);
  for (const name of names) {
    const fresh = NEW.exec(name);
    if (fresh !== null && fresh[1] !== runId && age(folder, name) > NEW_MS_MAX && (await refuses(`${short}/${name}`))) remove(folder, name);
    const lock = LOCK.exec(name);
    if (lock === null || lock[1] === runId) continue;
    // a local file system and another boot: that kernel is gone
    if (lock[2] === boot && !(await refuses(`${short}/${name}`))) continue;
    const removed = partsOf(names, lock[1]).map((part) => remove(folder, part));
    if (removed.every((gone) => gone)) remove(folder, name); // last: it is what says that the run is over
  }
}

function partsOf(names: readonly string[], runId: string): string[] {
  return names.filter((name) => PART.exec(name)?.[2] === runId);
}

function list(folder: string): string[] {
  return readdirSync(folder).filter((name) => name.startsWith('.'));
}

/** True when the file is gone. */
function remove(folder: string, name: string): boolean {
  try {
    unlinkSync(join(folder, name));
    return true;
  } catch (e) {
    return (e as NodeJS.ErrnoException).code === 'ENOENT';
  }
}

/** Ms since a file was made, by the clock of its file system. */
function age(folder: string, name: string): number {
  try {
    return statSync(folder).mtimeMs - statSync(join(folder, name)).mtimeMs;
  } catch {
    return 0;
  }
}

/** The start of the kernel's own name for the time since it was started: 48 bits. */
function bootId(): string | undefined {
  try {
    const id = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').slice(0, 13);
    return /^[0-9a-f]{8}-[0-9a-f]{4}$/.test(id) ? id : undefined;
  } catch {
    return undefined;
  }
}

function isLocal(folder: string): boolean {
  try {
    return LOCAL_FILE_SYSTEMS.has(statfsSync(folder).type);
  } catch {
    return false;
  }
}

/** Undefined where the file system has no sockets, or the run is here already with another sink. */
function listen(path: string): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.on('error', () => {}).destroy());
    server.on('error', () => resolve(undefined));
    server.listen(path, () => {
      server.unref();
      resolve(server);
    });
  });
}

/** Nobody listens any more. Every other answer may come from a process that lives. */
function refuses(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(path);
    const answer = (refused: boolean): void => {
      socket.destroy();
      resolve(refused);
    };
    socket.once('connect', () => answer(false));
    socket.once('error', (e: NodeJS.ErrnoException) => answer(e.code === 'ECONNREFUSED'));
  });
}
