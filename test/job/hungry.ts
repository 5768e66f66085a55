import { POLL_ROWS, type Connector } from '#src/contract/source.js';

/** A test source in a slot that is nearly full: it takes all but `ROOM` bytes of the slot's memory (untouched, so it costs nothing), then gives { id BIGINT } without end. */
const ROOM = 64 << 20;
const PIECE = 16 << 20;

export const connector: Connector = {
  name: 'hungry',
  formats: 'none',
  sourceOptions: {},
  planSource: async () => ({ bounded: false, splits: [] }),
  createReader(_config, _plan, _splits, ctx) {
    let next = BigInt(ctx.subtaskIndex);
    return {
      open() {
        while (ctx.engine.kernels.bytesUsed() + PIECE + ROOM < 2 ** 32) ctx.engine.alloc(PIECE);
      },
      poll(batch) {
        const n = 1000;
        for (let i = 0; i < n; i++) {
          ctx.engine.i64[(batch.values(0) >> 3) + i] = next;
          batch.setPresent(0, i);
          next += BigInt(ctx.parallelism);
        }
        batch.selectAll(n);
        return POLL_ROWS;
      },
      snapshot: () => [],
      restore: () => {},
    };
  },
};
