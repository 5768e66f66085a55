import { MillraceError } from '../base/errors.js';
import type { WindowAggregateConfig } from '../contract/nodes.js';
import type { OperatorModule } from '../contract/operator.js';
import { SlicedWindows } from './sliced.js';
import { sliceSpecOf } from './spec.js';

/** kind 'windowAggregate': grouped window aggregation; output leaves are the keys, the calls' results and the window columns. */
export const operator: OperatorModule<WindowAggregateConfig> = {
  create(config, ctx) {
    const spec = sliceSpecOf(config.window);
    if (spec !== undefined) return new SlicedWindows(config, spec, ctx);
    throw new MillraceError('NOT_SUPPORTED', 'session windows');
  },
};
