import { option, optionKind } from '#src/contract/options.js';
import { POLL_END, POLL_ROWS, type Connector } from '#src/contract/source.js';

/** A test source that wants to know what the sinks have: rows { id BIGINT, ms BIGINT }, ids dealt out over the subtasks, 10 ms apart. A position: next id and step. */
export const connector: Connector = {
  name: 'countable',
  formats: 'none',
  sourceOptions: { rows: option(optionKind.int, 'rows of all subtasks', 100), batch: option(optionKind.int, 'rows of a batch', 10) },
  planSource: async () => ({ bounded: true, splits: [], commitIntervalMs: 1 }),
  createReader(config, _plan, _splits, ctx) {
    const total = Number(config.options.rows);
    const batchRows = Number(config.options.batch);
    let next = ctx.subtaskIndex;
    return {
      poll(batch) {
        if (next >= total) return POLL_END;
        let n = 0;
        for (; n < batchRows && next < total; next += ctx.parallelism) {
          for (const [c, field] of config.schema.fields.entries()) {
            ctx.engine.i64[(batch.values(c) >>> 3) + n] = BigInt(field.name === 'id' ? next : 10 * next);
            batch.setPresent(c, n);
          }
          n++;
        }
        batch.selectAll(n);
        return POLL_ROWS;
      },
      snapshot: () => [new TextEncoder().encode(JSON.stringify([next, ctx.parallelism]))],
      restore: () => {},
    };
  },
};
