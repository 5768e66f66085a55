import type { Connector } from '../../contract/source.js';
import { IterableReader } from './reader.js';
import { type ElementSink, IterableWriter } from './writer.js';

/**
 * JS iterators, streams and callbacks as sources and sinks, on the thread that reads or writes them. The option 'closure' is the index of the
 * iterable (or of a function that gives one), or of the ElementSink, in the closure table.
 */
export const connector: Connector = {
  name: 'iterable',
  formats: 'none',
  async planSource() {
    return { bounded: false, splits: [[0]], parallelismMax: 1 };
  },
  createReader: (config, _plan, splits, ctx) =>
    new IterableReader(splits.length > 0 ? ctx.closures[Number(config.options.closure)] : [], config.tableName, ctx),
  createWriter: (config, _plan, ctx) => new IterableWriter(ctx.closures[Number(config.options.closure)] as ElementSink, config.tableName, ctx),
};
