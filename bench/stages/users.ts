import { ordersFile, type OrdersShape, ordersShapes } from '../data/orders.js';
import { fileUri, script } from '../lib/millrace.js';
import { millrace, type Workload } from '../lib/workload.js';
import { duckdb } from '../peers/duckdb.js';
import { flink } from '../peers/flink.js';
import { node } from '../peers/node.js';
import { simdjson } from '../peers/simdjson.js';
import { timely } from '../peers/timely.js';
import type { Contest } from './contest.js';

const workload = (shape: OrdersShape): Workload => ({
  name: 'users',
  key: shape === 'uuid' ? 'text' : 'number',
  sql: (input, output, slots) =>
    script('users.sql', { INPUT: fileUri(input), OUTPUT: fileUri(output), PARALLELISM: String(slots), KEY: shape === 'uuid' ? 'STRING' : 'BIGINT' }),
});

/** Count, sum and max per user and 10 s: a million keys and nearly as many result rows as records, so that state, shuffle and writer decide. */
export const users: Contest<OrdersShape> = {
  name: 'users',
  title: 'JSON file -> count, sum and max per user and 10 s',
  shapes: ordersShapes,
  input: ordersFile,
  reference: 'duckdb 1.5, 1 thread',
  programs: (shape) => {
    const work = workload(shape);
    return [
      millrace(work, 1),
      millrace(work, 2),
      node('node JSON.parse + Map', 'node-json-users.mjs', 'no general engine'),
      timely(work, 1),
      timely(work, 2),
      duckdb(work, 1),
      duckdb(work, 2),
      simdjson(work, 'simdjson', 1),
      simdjson(work, 'simdjson', 2),
      flink(work, 1),
      flink(work, 2),
    ];
  },
};
