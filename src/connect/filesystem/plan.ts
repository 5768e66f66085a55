import { ownModule } from '../../base/modules.js';
import { MillraceError } from '../../base/errors.js';
import { BATCH_ROWS_MAX } from '#abi';
import { FILE_BLOCK_BYTES, FILE_BLOCKS_AHEAD_MAX, RELAY_BLOCK_BYTES_MIN } from '../../base/limits.js';
import type { IoSpec } from '../../contract/io.js';
import { readOptions } from '../../contract/options.js';
import type { HostContext, SourceConfig, SourcePlan } from '../../contract/source.js';
import type { CsvFraming } from '../../format/csv.js';
import { WatermarkRelay } from '../../time/relay.js';
import { Claims, type FilePlan, Units } from './claims.js';
import { type InputFile, lineBytesOf, listFiles, localPath } from './listing.js';
import { SOURCE_OPTIONS } from './options.js';

/** Job option: every table's files are read by one subtask each table, in the order of their names. */
const ONE_READER = 'millrace.filesystem.one-reader';

/** What tests change: the sizes of blocks. */
export interface PlanLimits {
  readonly blockBytes: number;
  readonly aheadMax: number;
}

/** What a gzip IoSource needs: plain data. */
export interface GzipConfig {
  readonly files: readonly { readonly file: number; readonly input: InputFile; readonly subtask: number }[];
}

/** How records of the format end; the format is loaded only when it matters. */
export async function framingOf(config: SourceConfig): Promise<CsvFraming | undefined> {
  return config.format?.name === 'csv' ? (await import('../../format/csv.js')).csvFraming(config.format.options) : undefined;
}

/** Lists the files and decides how readers share them. Everything a reader needs is in `detail` (FilePlan) and `shared`. */
export function planFiles(
  config: SourceConfig,
  host: HostContext,
  limits: PlanLimits = { blockBytes: FILE_BLOCK_BYTES, aheadMax: FILE_BLOCKS_AHEAD_MAX * host.parallelism },
  framing?: CsvFraming,
): SourcePlan {
  const options = readOptions("connector 'filesystem'", SOURCE_OPTIONS, config.options, { operator: config.tableName });
  const files = listFiles(localPath(options.path, config.tableName), compilePattern(options['source.path.regex-pattern'], config.tableName));
  const lineBased = framing === undefined && (config.format?.name === 'json' || config.format?.name === 'csv');
  const whole = config.order === undefined || config.order === 'matters';
  // several files are several inputs with an event time each, as in Flink: each is read by one subtask
  const relayed = config.order === 'event time' && lineBased && files.length === 1 && files[0].compression === 'none';
  const plan: FilePlan = {
    files,
    ...limits,
    blockBytes: relayed ? Math.min(limits.blockBytes, batchBytes(files[0], limits.blockBytes)) : limits.blockBytes,
    blocks: lineBased && !whole && (relayed || config.order === 'ignored'),
    framing,
    parallelism: host.parallelism,
    restored: host.restored !== undefined,
  };
  const units = new Units(plan);
  return {
    bounded: true,
    splits: Array.from({ length: host.parallelism }, () => []),
    shared: Claims.create(units),
    ...(relayed ? { relay: WatermarkRelay.create(units.total, host.parallelism) } : {}),
    detail: plan,
    io: gzipSpec(files, units),
    parallelismMax: host.options[ONE_READER]?.toLowerCase() === 'true' ? 1 : Math.max(1, units.total),
  };
}

/** Bytes of a block that mostly fit into one batch: a reader whose event time the next one waits for has then seen all of its block when it has decoded it. */
function batchBytes(file: InputFile, blockBytes: number): number {
  if (file.bytes <= blockBytes) return blockBytes;
  return Math.max(RELAY_BLOCK_BYTES_MIN, Math.floor(lineBytesOf(file) * BATCH_ROWS_MAX * 0.9));
}

function gzipSpec(files: readonly InputFile[], units: Units): IoSpec | undefined {
  const gz = files.flatMap((f, file) => (f.compression === 'gzip' ? [{ file, input: f, subtask: units.frameOwner(file) }] : []));
  if (gz.length === 0) return undefined;
  return { thread: 'io', module: ownModule('connect/filesystem/gzip.js'), config: { files: gz } satisfies GzipConfig };
}

/** Matches whole paths. */
export function compilePattern(text: string | undefined, table: string): RegExp | undefined {
  if (text === undefined) return undefined;
  try {
    return new RegExp(`^(?:${text})$`, 'u');
  } catch (cause) {
    throw new MillraceError('INVALID_OPTION', `'source.path.regex-pattern' is not a regular expression: ${text}`, {
      place: { operator: table },
      remedy: 'Correct the pattern.',
      cause,
    });
  }
}
