import { adsFile, type Shape, shapeNames } from '../data/ads.js';
import { fileUri, script } from '../lib/millrace.js';
import { millrace, type Workload } from '../lib/workload.js';
import { duckdb } from '../peers/duckdb.js';
import { flink } from '../peers/flink.js';
import { node } from '../peers/node.js';
import { simdjson } from '../peers/simdjson.js';
import { timely } from '../peers/timely.js';
import type { Contest } from './contest.js';

const work: Workload = {
  name: 'ads',
  key: 'text',
  sql: (input, output, slots) => script('ads.sql', { INPUT: fileUri(input), OUTPUT: fileUri(output), PARALLELISM: String(slots) }),
};

const BLIND = 'knows the record; skipped bytes unverified';

/** Views per ad and 10 s: 1,000 keys, few result rows, the scanner decides. */
export const ads: Contest<Shape> = {
  name: 'ads',
  title: 'JSON file -> views per ad and 10 s',
  shapes: shapeNames,
  input: adsFile,
  reference: 'node hand-tuned',
  programs: (shape) => [
    millrace(work, 1),
    millrace(work, 2),
    node('node hand-tuned', 'node-scan.mjs', BLIND),
    node('node hand-tuned, 2 threads', 'node-scan-threads.mjs', BLIND),
    node('node JSON.parse + Map', 'node-json.mjs', 'no general engine'),
    timely(work, 1),
    timely(work, 2),
    duckdb(work, 1),
    duckdb(work, 2),
    simdjson(work, 'simdjson', 1),
    simdjson(work, 'simdjson', 2),
    ...(shape === 'plain' ? [simdjson(work, 'layout', 1), simdjson(work, 'layout', 2), simdjson(work, 'blind', 1), simdjson(work, 'blind', 2)] : []),
    flink(work, 1),
    flink(work, 2),
  ],
};
