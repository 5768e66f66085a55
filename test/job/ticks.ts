import { option, optionKind } from '#src/contract/options.js';
import { POLL_END, POLL_IDLE, POLL_ROWS, type Connector } from '#src/contract/source.js';

/** A test source { ms BIGINT }: the first `active` subtasks give the time every `every` ms, `rows` times; the others wait for ever. */
export const connector: Connector = {
  name: 'ticks',
  formats: 'none',
  sourceOptions: {
    every: option(optionKind.int, 'ms between rows', 50),
    rows: option(optionKind.int, 'rows of each active subtask', 20),
    active: option(optionKind.int, 'subtasks that give rows', 2),
  },
  planSource: async () => ({ bounded: false, splits: [] }),
  createReader(config, _plan, _splits, ctx) {
    const everyMs = Number(config.options.every ?? 50);
    const rows = Number(config.options.rows ?? 20);
    const waits = ctx.subtaskIndex >= Number(config.options.active ?? 2);
    let given = 0;
    let nextMs = ctx.clock.nowMs();
    return {
      poll(batch) {
        if (waits) return POLL_IDLE;
        if (given === rows) return POLL_END;
        if (ctx.clock.nowMs() < nextMs) return POLL_IDLE;
        nextMs += everyMs;
        given++;
        ctx.engine.i64[batch.values(0) >>> 3] = BigInt(Math.floor(ctx.clock.nowMs()));
        batch.setPresent(0, 0);
        batch.selectAll(1);
        return POLL_ROWS;
      },
      wakeupMs: () => (waits || given === rows ? undefined : Math.max(0, nextMs - ctx.clock.nowMs())),
      snapshot: () => [],
      restore: () => {},
    };
  },
};
