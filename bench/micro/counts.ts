// The bare kernels of a running count: numbers made, hashed, found or inserted, counted. `node .build/bench/micro/counts.js keys records`
import { performance } from 'node:perf_hooks';
import { BATCH_ROWS_MAX, T_I64 } from '#abi';
import { Aggregates } from '#src/aggregate/aggregates.js';
import { Prng32 } from '#src/base/prng.js';
import { allocBatch } from '#src/batch/batch.js';
import { KeyHasher } from '#src/batch/hash.js';
import { KeyedTables } from '#src/state/table.js';
import { BIGINT } from '#src/types/logical.js';
import { Engine } from '#src/wasm/engine.js';
import '#src/connect/datagen/columns.js';

const keys = Number(process.argv[2] ?? '10000000');
const records = Number(process.argv[3] ?? '30000000');
const engine = new Engine();
const leaves = [{ path: ['k'], type: BIGINT(false) }];
const aggregates = new Aggregates(engine, leaves, [{ fn: 'countStar', distinct: false, type: BIGINT(false) }], KeyedTables.accBase(leaves, [0]));
const tables = new KeyedTables(engine, leaves, [0], aggregates.layout.bytes, { base: 0, range: 2 ** 32 }, process.argv[4] !== 'stable');
const hasher = new KeyHasher(engine, leaves, [0]);
const batch = allocBatch(engine, leaves);
batch.setValidity(0, 0);
batch.selectAll(BATCH_ROWS_MAX);
const hashes = engine.alloc(BATCH_ROWS_MAX * 4);
const groups = engine.alloc(BATCH_ROWS_MAX * 4);
const random = engine.alloc(64);
engine.i32.set(new Prng32(42).state, random >>> 2);
const state = { table: tables.create(), distinct: [] };
const start = performance.now();
for (let done = 0; done < records; done += BATCH_ROWS_MAX) {
  engine.kernels.randomIntegers(random, T_I64, batch.values(0), BATCH_ROWS_MAX, 0n, keys);
  hasher.hash(batch, hashes);
  tables.find(state.table, batch, batch.sel, BATCH_ROWS_MAX, hashes, groups);
  aggregates.update(state, groups, batch.sel, BATCH_ROWS_MAX, batch);
}
const seconds = (performance.now() - start) / 1000;
console.log(JSON.stringify({ records, seconds, keys: tables.count(state.table) }));
