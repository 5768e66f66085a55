import { MillraceError } from '../../base/errors.js';
import type { CsvFraming } from '../../format/csv.js';
import type { InputFile } from './listing.js';

/** A file as it is handed to a reader. `offset`: where an earlier run stopped in it (of a gzip file, in its inflated bytes). */
export interface FoundFile extends InputFile {
  readonly offset: number;
}

/** What one reader has read: its state element, as JSON. */
export interface MonitorPosition {
  readonly version: 1;
  /** paths of files that are read, by this reader and by those whose state it took over */
  readonly seen: readonly string[];
  readonly open: readonly FoundFile[];
}

/** What the readers of a watched folder need: plain data. */
export interface MonitorDetail {
  readonly blockBytes: number;
  readonly framing: CsvFraming | undefined;
}

export function readMonitorPosition(bytes: Uint8Array): MonitorPosition {
  const stored = JSON.parse(new TextDecoder().decode(bytes)) as MonitorPosition;
  if (stored.version !== 1 || stored.seen === undefined) {
    throw new MillraceError('NOT_SUPPORTED', 'the position was not taken by a source that watches its folder', {
      remedy: "Restore it with the same 'source.monitor-interval', or start without the snapshot.",
    });
  }
  return stored;
}
