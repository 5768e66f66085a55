import { ownModule } from '../../base/modules.js';
import { MillraceError } from '../../base/errors.js';
import { FILE_BLOCK_BYTES, FILE_BLOCKS_AHEAD_MAX } from '../../base/limits.js';
import type { IoSpec } from '../../contract/io.js';
import { readOptions } from '../../contract/options.js';
import type { HostContext, SourceConfig, SourcePlan } from '../../contract/source.js';
import type { CsvFraming } from '../../format/csv.js';
import { Claims, type FilePlan, Units } from './claims.js';
import { type InputFile, listFiles, localPath } from './listing.js';
import { SOURCE_OPTIONS } from './options.js';

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
  const plan: FilePlan = {
    files,
    ...limits,
    blocks: config.orderIgnored && lineBased,
    framing,
    parallelism: host.parallelism,
    restored: host.restored !== undefined,
  };
  const units = new Units(plan);
  return {
    bounded: true,
    splits: Array.from({ length: host.parallelism }, () => []),
    shared: Claims.create(units),
    detail: plan,
    io: gzipSpec(files, units),
    parallelismMax: Math.max(1, units.total),
  };
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
