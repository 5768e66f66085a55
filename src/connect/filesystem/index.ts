import { MillraceError } from '../../base/errors.js';
import { readOptions } from '../../contract/options.js';
import type { Connector } from '../../contract/source.js';
import { checkDeadLetters } from '../dead_letters.js';
import { FILE_METADATA } from './metadata.js';
import { refuseUnsupported, SINK_OPTIONS, SOURCE_OPTIONS } from './options.js';
import { framingOf, planFiles } from './plan.js';
import { FileReader } from './reader.js';
import { type FileSinkOptions, FileWriter } from './writer.js';

/** Lines of local files, read and written: Flink's connector 'filesystem' (docs/connectors.md). */
export const connector: Connector = {
  name: 'filesystem',
  sourceOptions: SOURCE_OPTIONS,
  sinkOptions: SINK_OPTIONS,
  formats: 'required',
  // Flink's filesystem sink writes csv through a writer of its own, which knows no other form
  encoderOptions: { csv: { 'write-bigdecimal-in-scientific-notation': 'true' } },
  metadata: FILE_METADATA,
  checkSource(config, place) {
    refuseUnsupported(config.options, place);
    readOptions("connector 'filesystem'", SOURCE_OPTIONS, config.options, place);
    checkDeadLetters(config, place);
  },
  async planSource(config, host) {
    return planFiles(config, host, undefined, await framingOf(config));
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
  async planSink(config) {
    return { detail: readOptions("connector 'filesystem'", SINK_OPTIONS, config.options, { operator: config.tableName }) };
  },
  createWriter: (config, plan, ctx) => new FileWriter(config, plan.detail as FileSinkOptions, ctx, ctx.checkpoints),
  createReader: (config, plan, _splits, ctx) => new FileReader(config, plan, ctx),
};
