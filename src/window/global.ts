import type { GlobalWindowAggregateConfig, WindowAggregateConfig } from '../contract/nodes.js';
import type { OperatorModule } from '../contract/operator.js';
import { SlicedWindows } from './sliced.js';
import { sliceSpecOf } from './spec.js';

/** kind 'globalWindowAggregate': merges what local phases have accumulated and fires windows as 'windowAggregate' does. Lateness is decided here. */
export const operator: OperatorModule<GlobalWindowAggregateConfig> = {
  create(config, ctx) {
    const leaves = config.inputTypes.map((type, i) => ({ path: [`$${i}`], type }));
    const column = config.keys.length;
    const whole: WindowAggregateConfig = { ...config, time: 'rowtime', timeColumn: column + 1 };
    return new SlicedWindows(whole, sliceSpecOf(config.window), ctx, { column, leaves });
  },
};
