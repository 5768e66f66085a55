import { type ErrorPlace, MillraceError } from '../../base/errors.js';
import { option, optionKind, requiredOption, type TextOptions } from '../../contract/options.js';

const READ_OPTIONS = {
  path: requiredOption(optionKind.path, "Give 'path': a file, a folder, or a file:// URI."),
  'source.path.regex-pattern': option(optionKind.string, 'reads only files whose whole path matches this regular expression'),
  'dead-letter.path': option(optionKind.path, 'folder that keeps skipped bad records as JSON lines (needs ignore-parse-errors)'),
};

const WRITE_OPTIONS = {
  path: requiredOption(optionKind.path, "Give 'path': the folder to write part files into."),
  'sink.rolling-policy.file-size': option(optionKind.memoryBytes, 'a part is closed when it has this size', 128 << 20),
  'sink.rolling-policy.rollover-interval': option(optionKind.durationMs, 'a part is closed when it has been open so long', 30 * 60_000),
  'sink.rolling-policy.check-interval': option(optionKind.durationMs, 'how often the age of open parts is checked', 60_000),
};

/** Options that Flink has and millrace refuses, rather than reading or writing something else than was asked. */
const REFUSED = {
  'auto-compaction': 'Raise sink.rolling-policy.file-size for fewer, larger parts.',
  'sink.partition-commit.trigger': 'A part is committed when it is whole; partitions have no commit of their own.',
  'sink.partition-commit.policy.kind': 'A part is committed when it is whole; partitions have no commit of their own.',
} as const;

const refused = (key: keyof typeof REFUSED) => option(optionKind.string, `not supported yet. ${REFUSED[key]}`);

export const SOURCE_OPTIONS = {
  ...READ_OPTIONS,
  'source.monitor-interval': option(
    optionKind.durationMs,
    'how often to look for new files; the source is then unbounded. Absent = the files that are there at the start',
  ),
};
export const SINK_OPTIONS = {
  ...WRITE_OPTIONS,
  'auto-compaction': refused('auto-compaction'),
  'sink.partition-commit.trigger': refused('sink.partition-commit.trigger'),
  'sink.partition-commit.policy.kind': refused('sink.partition-commit.policy.kind'),
};

/** Fails for an option that Flink accepts and millrace does not. */
export function refuseUnsupported(options: TextOptions, place: ErrorPlace): void {
  for (const [key, remedy] of Object.entries(REFUSED)) {
    if (options[key] !== undefined && options[key].toLowerCase() !== 'false') {
      throw new MillraceError('NOT_SUPPORTED', `the option '${key}' of connector 'filesystem' is not supported yet`, { place, remedy });
    }
  }
}
