import type { WindowAggregateConfig } from '../contract/nodes.js';
import type { OperatorModule } from '../contract/operator.js';
import { SessionWindows } from './session.js';
import { SlicedWindows } from './sliced.js';
import { sliceSpecOf } from './spec.js';

/** kind 'windowAggregate': grouped window aggregation; output leaves are the keys, the calls' results and the window columns. */
export const operator: OperatorModule<WindowAggregateConfig> = {
  create(config, ctx) {
    if (config.window.type === 'session') return new SessionWindows(config, config.window.gapMs, ctx);
    return new SlicedWindows(config, sliceSpecOf(config.window), ctx);
  },
};
