import { option, optionKind, requiredOption } from '../../contract/options.js';

export const SOURCE_OPTIONS = {
  path: requiredOption(optionKind.string, "Give 'path': a file, a folder, or a file:// URI."),
  'source.path.regex-pattern': option(optionKind.string, 'reads only files whose whole path matches this regular expression'),
  'dead-letter.path': option(optionKind.string, 'folder that keeps skipped bad records as JSON lines (needs ignore-parse-errors)'),
};

export const SINK_OPTIONS = {
  path: requiredOption(optionKind.string, "Give 'path': the folder to write part files into."),
  'sink.rolling-policy.file-size': option(optionKind.memoryBytes, 'a part is closed when it has this size', 128 << 20),
  'sink.rolling-policy.rollover-interval': option(optionKind.durationMs, 'a part is closed when it has been open so long', 30 * 60_000),
  'sink.rolling-policy.check-interval': option(optionKind.durationMs, 'how often the age of open parts is checked', 60_000),
};
