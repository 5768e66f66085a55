import { POLL_END, POLL_ROWS, type Connector } from '#src/contract/source.js';

/** A test source: rows { id BIGINT, name STRING }, ids dealt out over the subtasks, a watermark mark every 10 rows. */
export const connector: Connector = {
  name: 'numbers',
  formats: 'none',
  sourceOptions: {},
  planSource: async () => ({ bounded: true, splits: [] }),
  createReader(config, _plan, _splits, ctx) {
    const total = Number(config.options.rows);
    const failAt = Number(config.options.failAt ?? -1);
    let next = ctx.subtaskIndex;
    let heap = 0;
    return {
      poll(batch) {
        if (next >= total) return POLL_END;
        if (heap === 0) heap = ctx.engine.alloc(64 * 1024);
        let n = 0;
        let at = heap;
        while (n < 1000 && next < total) {
          if (next === failAt) {
            if (n > 0) break;
            throw new Error(`row ${next} is bad`);
          }
          const text = Buffer.from(`n${next}`);
          ctx.engine.u8.set(text, at);
          ctx.engine.i64[(batch.values(0) >> 3) + n] = BigInt(next);
          ctx.engine.u32[(batch.values(1) >> 2) + 2 * n] = at;
          ctx.engine.u32[(batch.values(1) >> 2) + 2 * n + 1] = text.length;
          batch.setPresent(0, n);
          if (next % 7 !== 0) batch.setPresent(1, n);
          at += text.length;
          n++;
          next += ctx.parallelism;
        }
        batch.selectAll(n);
        return POLL_ROWS;
      },
      snapshot: () => [],
      restore: () => {},
    };
  },
};
