import type { Connector } from '../../contract/source.js';
import { type DatagenPlan, OPTIONS, planDatagen } from './options.js';
import { DatagenReader } from './reader.js';

/** Seed of the random values: one program gives the same rows in every run, but for those that tell the time. */
const SEED = 42;

/** Makes rows: Flink's connector 'datagen' (docs/connectors.md). */
export const connector: Connector = {
  name: 'datagen',
  sourceOptions: OPTIONS,
  formats: 'none',
  checkSource(config, place) {
    planDatagen(config.tableSchema ?? config.schema, config.options, place, config.tableSchema === undefined);
  },
  async planSource(config, host) {
    const plan = planDatagen(config.schema, config.options, { operator: config.tableName }, true);
    return {
      bounded: plan.rows !== undefined,
      splits: Array.from({ length: host.parallelism }, () => []),
      detail: plan,
      parallelismMax: plan.rows === undefined ? undefined : Math.max(1, plan.rows),
    };
  },
  createReader: (_config, plan, _splits, ctx) => new DatagenReader(plan.detail as DatagenPlan, ctx, SEED),
};
