import { type ErrorPlace, MillraceError } from '../../base/errors.js';
import { readOptions, type TextOptions } from '../../contract/options.js';
import type { Connector } from '../../contract/source.js';
import { checkDeadLetters } from '../dead_letters.js';
import { localPath } from './listing.js';
import { FILE_METADATA } from './metadata.js';
import { refuseUnsupported, SINK_OPTIONS, SOURCE_OPTIONS } from './options.js';
import { framingOf, planFiles } from './plan.js';
import { MonitorReader } from './monitor_reader.js';
import { FileReader } from './reader.js';
import { type FileSinkOptions, FileWriter } from './writer.js';

/** Lines of local files, read and written: Flink's connector 'filesystem' (docs/connectors.md). */
export const connector: Connector = {
  name: 'filesystem',
  sourceOptions: SOURCE_OPTIONS,
  sinkOptions: SINK_OPTIONS,
  formats: 'required',
  parallelism: ['sink'],
  // Flink's filesystem sink writes csv through a writer of its own, which knows no other form
  encoderOptions: { csv: { 'write-bigdecimal-in-scientific-notation': 'true' } },
  metadata: FILE_METADATA,
  checkSource(config, place) {
    refuseUnsupported(config.options, place);
    monitorIntervalMs(config.options, place);
    checkDeadLetters(config, place);
  },
  async planSource(config, host) {
    const intervalMs = monitorIntervalMs(config.options);
    const framing = await framingOf(config);
    if (intervalMs === undefined) return planFiles(config, host, undefined, framing);
    const { planMonitor } = await import('./monitor.js');
    return planMonitor(config, host, intervalMs, framing);
  },
  checkSink(config, place) {
    refuseUnsupported(config.options, place);
    readOptions("connector 'filesystem'", SINK_OPTIONS, config.options, place);
    if (config.partitionKeys.length > 0) {
      throw new MillraceError('NOT_SUPPORTED', 'PARTITIONED BY for the filesystem sink', {
        place,
        remedy: 'Write one table for each partition, or leave it out.',
      });
    }
  },
  async planSink(config, host) {
    const detail = readOptions("connector 'filesystem'", SINK_OPTIONS, config.options, { operator: config.tableName });
    // parts of a run that takes snapshots may be taken up by one that goes on from them: only runs without are announced, and cleared away
    if (host.runId !== undefined && host.checkpoints !== true && host.restored === undefined) {
      const { enterFolder } = await import('./runs.js');
      await enterFolder(localPath(detail.path, config.tableName), host.runId, host.signal);
    }
    return { detail };
  },
  createWriter: (config, plan, ctx) => new FileWriter(config, plan.detail as FileSinkOptions, ctx, ctx.checkpoints),
  createReader: (config, plan, _splits, ctx) => (plan.shared === undefined ? new MonitorReader(config, plan, ctx) : new FileReader(config, plan, ctx)),
};

/** undefined = the folder is not watched. */
function monitorIntervalMs(options: TextOptions, place: ErrorPlace = {}): number | undefined {
  const ms = readOptions("connector 'filesystem'", SOURCE_OPTIONS, options, place)['source.monitor-interval'];
  if (ms === undefined || ms > 0) return ms;
  throw new MillraceError('INVALID_OPTION', "'source.monitor-interval' must be greater than 0", { place, remedy: "Give a duration such as '10 s'." });
}
