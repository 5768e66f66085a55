// Keyed table: find-or-insert and count, M/s by key type and number of keys. `node .build/bench/micro/table.js`
import { performance } from 'node:perf_hooks';
import { BATCH_ROWS_MAX } from '#abi';
import { Prng } from '#src/base/prng.js';
import { allocBatch } from '#src/batch/batch.js';
import { KeyHasher } from '#src/batch/hash.js';
import { Aggregates } from '#src/aggregate/aggregates.js';
import { KeyedTables } from '#src/state/table.js';
import { BIGINT, INT, type LogicalType, STRING } from '#src/types/logical.js';
import { Engine } from '#src/wasm/engine.js';

function run(name: string, type: LogicalType, keys: number, bytes: number, rows: number, movable = false): void {
  const engine = new Engine();
  const leaves = [{ path: ['k'], type }];
  const base = KeyedTables.accBase(leaves, [0]);
  const aggregates = new Aggregates(engine, leaves, [{ fn: 'countStar', distinct: false, type: BIGINT(false) }], base);
  const tables = new KeyedTables(engine, leaves, [0], aggregates.layout.bytes, { base: 0, range: 2 ** 32 }, movable);
  const hasher = new KeyHasher(engine, leaves, [0]);
  const input = engine.alloc(bytes === 0 ? 64 : keys * bytes + 64);
  const prng = new Prng(1);
  if (bytes > 0)
    for (let i = 0; i < keys; i++)
      engine.u8.set(
        new TextEncoder().encode(
          String(i + 1e7)
            .padEnd(bytes, 'x')
            .slice(0, bytes),
        ),
        input + i * bytes,
      );
  // 64 different batches of random keys, so that generating them stays out of the measurement
  const batches = Array.from({ length: 64 }, () => {
    const b = allocBatch(engine, leaves);
    b.setValidity(0, 0);
    b.selectAll(BATCH_ROWS_MAX);
    return b;
  });
  // texts of a batch lie side by side, as a scanner leaves them
  const rooms = batches.map(() => (bytes === 0 ? 0 : engine.alloc(BATCH_ROWS_MAX * bytes + 64)));
  const random = (): number => prng.below(keys);
  const out = engine.alloc(BATCH_ROWS_MAX * 4);
  const hashes = engine.alloc(BATCH_ROWS_MAX * 4);
  const state = { table: tables.create(), distinct: [] };
  const fill = (b: (typeof batches)[0], key: (i: number) => number): void => {
    for (let i = 0; i < BATCH_ROWS_MAX; i++) {
      const k = key(i);
      if (bytes > 0) {
        const at = rooms[batches.indexOf(b)] + i * bytes;
        engine.u8.copyWithin(at, input + k * bytes, input + (k + 1) * bytes);
        engine.u32[(b.values(0) >>> 2) + 2 * i] = at;
        engine.u32[(b.values(0) >>> 2) + 2 * i + 1] = bytes;
      } else if (type.root === 'INTEGER') engine.i32[(b.values(0) >>> 2) + i] = k;
      else engine.i64[(b.values(0) >>> 3) + i] = BigInt(k) * 1000003n;
    }
  };
  const step = (b: (typeof batches)[0]): void => {
    hasher.hash(b, hashes);
    tables.find(state.table, b, b.sel, BATCH_ROWS_MAX, hashes, out);
    aggregates.update(state, out, b.sel, BATCH_ROWS_MAX, b);
  };
  let insertMs = 0;
  for (let first = 0; first < keys; first += BATCH_ROWS_MAX) {
    fill(batches[0], (i) => (first + i) % keys);
    const t = performance.now();
    step(batches[0]);
    insertMs += performance.now() - t;
  }
  let ms = 0;
  let done = 0;
  while (done < rows) {
    for (const b of batches) fill(b, random);
    const t = performance.now();
    for (let r = 0; r < (keys > 1e6 ? 1 : 16); r++) for (const b of batches) step(b);
    ms += performance.now() - t;
    done += (keys > 1e6 ? 1 : 16) * batches.length * BATCH_ROWS_MAX;
  }
  console.log(
    `${name.padEnd(28)} ${String(keys).padStart(9)} keys  update ${(done / ms / 1e3).toFixed(1).padStart(6)} M/s   insert ${(keys / insertMs / 1e3).toFixed(1).padStart(6)} M/s   ${(engine.kernels.tableBytes(state.table) / keys).toFixed(0)} B a key`,
  );
}

run('BIGINT, movable', BIGINT(false), 100, 0, 2e7, true);
run('BIGINT, movable', BIGINT(false), 100_000, 0, 2e7, true);
run('BIGINT, movable', BIGINT(false), 10_000_000, 0, 2e6, true);
run('BIGINT', BIGINT(false), 100, 0, 2e7);
run('BIGINT', BIGINT(false), 100_000, 0, 2e7);
run('INT', INT(false), 100_000, 0, 2e7);
run('BIGINT', BIGINT(false), 10_000_000, 0, 2e6);
run('STRING 8 B', STRING(false), 100_000, 8, 1e7);
run('STRING 36 B', STRING(false), 1000, 36, 2e7);
run('STRING 36 B', STRING(false), 100_000, 36, 1e7);
run('STRING 36 B', STRING(false), 1_000_000, 36, 1e7);
