import { setTimeout as delay } from 'node:timers/promises';
import { MillraceError } from '../../base/errors.js';
import { ownModule } from '../../base/modules.js';
import { FILE_BLOCK_BYTES } from '../../base/limits.js';
import type { IoContext, IoSource } from '../../contract/io.js';
import { readOptions } from '../../contract/options.js';
import type { HostContext, SourceConfig, SourcePlan } from '../../contract/source.js';
import type { CsvFraming } from '../../format/csv.js';
import { FRAME_FILE, FRAME_HEADER_BYTES } from './frame_lines.js';
import { sendInflated } from './gzip.js';
import { type InputFile, listFiles, localPath } from './listing.js';
import { type FoundFile, type MonitorDetail, readMonitorPosition } from './monitor_position.js';
import { SOURCE_OPTIONS } from './options.js';
import { compilePattern } from './plan.js';

interface MonitorConfig {
  readonly path: string;
  /** source of the pattern that paths must match */
  readonly pattern: string | undefined;
  readonly tableName: string;
  readonly intervalMs: number;
  /** what earlier runs have read */
  readonly seen: readonly string[];
  readonly open: readonly FoundFile[];
}

/** A source that watches its folder: unbounded; every file is read once, by one reader, soon after it is found. */
export function planMonitor(config: SourceConfig, host: HostContext, intervalMs: number, framing: CsvFraming | undefined): SourcePlan {
  const options = readOptions("connector 'filesystem'", SOURCE_OPTIONS, config.options, { operator: config.tableName });
  const pattern = options['source.path.regex-pattern'];
  const path = localPath(options.path, config.tableName);
  listFiles(path, compilePattern(pattern, config.tableName)); // what is wrong with the path now is said before the job starts
  const stored = (host.restored ?? []).map(readMonitorPosition);
  const detail: MonitorDetail = { blockBytes: FILE_BLOCK_BYTES, framing };
  const io: MonitorConfig = {
    path,
    pattern,
    tableName: config.tableName,
    intervalMs,
    seen: stored.flatMap((s) => s.seen),
    open: stored.flatMap((s) => s.open),
  };
  return {
    bounded: false,
    splits: Array.from({ length: host.parallelism }, () => []),
    detail,
    io: { thread: 'io', module: ownModule('connect/filesystem/monitor.js'), config: io },
  };
}

/** Lists the folder at every interval and hands files that are new to the readers in turn. A file is known by its path and read once, as Flink does. */
class MonitorSource implements IoSource {
  readonly #config: MonitorConfig;
  readonly #stop = new AbortController();
  readonly #readers: number;
  readonly #seen: Set<string>;
  readonly #queues: Promise<void>[];
  #next = 0;
  #failure: unknown;

  constructor(config: MonitorConfig, ctx: IoContext) {
    this.#config = config;
    this.#readers = ctx.parallelism;
    this.#seen = new Set([...config.seen, ...config.open.map((f) => f.path)]);
    this.#queues = Array.from({ length: ctx.parallelism }, () => Promise.resolve());
    if (ctx.signal.aborted) this.#stop.abort();
    else ctx.signal.addEventListener('abort', () => this.#stop.abort(), { once: true });
  }

  async run(send: (subtask: number, frame: Uint8Array) => Promise<void> | undefined): Promise<void> {
    const { path, pattern, tableName, intervalMs, open } = this.#config;
    const regex = compilePattern(pattern, tableName);
    for (const f of open) this.#assign({ ...f, inode: undefined }, send); // the earlier run may have read it elsewhere
    while (!this.#stop.signal.aborted) {
      for (const f of found(path, regex)) if (!this.#seen.has(f.path)) this.#assign({ ...f, offset: 0 }, send);
      await delay(intervalMs, undefined, { signal: this.#stop.signal }).catch(() => {});
    }
    await Promise.all(this.#queues);
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Each reader's files go one after the other; a reader that is behind does not hold up the others. */
  #assign(file: FoundFile, send: (subtask: number, frame: Uint8Array) => Promise<void> | undefined): void {
    this.#seen.add(file.path);
    const subtask = this.#next++ % this.#readers;
    const { signal } = this.#stop;
    this.#queues[subtask] = this.#queues[subtask]
      .then(async () => {
        if (signal.aborted) return;
        await send(subtask, announcement(file));
        if (file.compression === 'gzip') await sendInflated(0, file, signal, (frame) => send(subtask, frame));
      })
      .catch((e: unknown) => {
        this.#failure ??= e;
        this.#stop.abort();
      });
  }

  async close(): Promise<void> {
    this.#stop.abort();
  }
}

/** The files that are there now; none while the folder is away, as Flink goes on then. */
function found(path: string, pattern: RegExp | undefined): InputFile[] {
  try {
    return listFiles(path, pattern);
  } catch (e) {
    if (e instanceof MillraceError && (e.code === 'FILE_NOT_FOUND' || e.code === 'FILE_READ')) return [];
    throw e;
  }
}

function announcement(file: FoundFile): Uint8Array {
  const body = new TextEncoder().encode(JSON.stringify(file));
  const out = new Uint8Array(FRAME_HEADER_BYTES + body.length);
  new DataView(out.buffer).setUint32(4, FRAME_FILE, true);
  out.set(body, FRAME_HEADER_BYTES);
  return out;
}

export function createIoSource(config: MonitorConfig, ctx: IoContext): IoSource {
  return new MonitorSource(config, ctx);
}
