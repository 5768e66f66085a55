import { option, optionKind } from '#src/contract/options.js';
import { POLL_END, POLL_ROWS, type Connector } from '#src/contract/source.js';

const PIECE = 16 << 20;

/**
 * A test source { id BIGINT } in slots that are nearly full: it takes all of a slot's 4 GiB but `room` MiB (untouched, so that costs nothing), then gives
 * the numbers 0 to rows - 1.
 */
export const connector: Connector = {
  name: 'hungry',
  formats: 'none',
  sourceOptions: { room: option(optionKind.int, 'MiB left', 64), rows: option(optionKind.int, 'numbers given', 2 ** 31 - 1) },
  planSource: async () => ({ bounded: true, splits: [] }),
  createReader(config, _plan, _splits, ctx) {
    const room = Number(config.options.room ?? 64) * 2 ** 20;
    const rows = Number(config.options.rows ?? 2 ** 31 - 1);
    while (ctx.engine.kernels.bytesUsed() + PIECE + room < 2 ** 32) ctx.engine.alloc(PIECE);
    let next = ctx.subtaskIndex;
    return {
      poll(batch) {
        if (next >= rows) return POLL_END;
        let n = 0;
        for (; n < 1000 && next < rows; n++, next += ctx.parallelism) {
          ctx.engine.i64[(batch.values(0) >>> 3) + n] = BigInt(next);
          batch.setPresent(0, n);
        }
        batch.selectAll(n);
        return POLL_ROWS;
      },
      snapshot: () => [],
      restore: () => {},
    };
  },
};
