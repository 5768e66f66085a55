import type { Connector } from '../../contract/source.js';

/** Takes rows and only counts them: Flink's connector 'blackhole'. */
export const connector: Connector = {
  name: 'blackhole',
  sinkOptions: {},
  formats: 'none',
  parallelism: [],
  changelog: 'upsert',
  async planSink() {
    return {};
  },
  createWriter(_config, _plan, ctx) {
    const sent = ctx.metrics.counter('numRecordsSend');
    return { write: (batch) => sent.add(batch.selCount), finish: () => false };
  },
};
