import { join } from 'node:path';
import { adsFile, type Shape, shapeNames } from '../data/ads.js';
import { fileUri, runModule } from '../lib/millrace.js';
import type { Program } from '../lib/program.js';
import { node } from '../peers/node.js';
import type { Contest } from './contest.js';

function dataStream(slots: number): Program {
  return {
    name: `millrace ${slots} slot${slots > 1 ? 's' : ''}`,
    note: 'DataStream; filter and map are functions in JS',
    async run(input, dir) {
      const output = join(dir, 'out');
      return { ...(await runModule('closures.mjs', slots, dir, { BENCH_INPUT: fileUri(input), BENCH_OUTPUT: fileUri(output) })), output };
    },
  };
}

/** The ads work with its filter and map as functions: what a row costs that JS looks at. */
export const closures: Contest<Shape> = {
  name: 'closures',
  title: 'ads as a DataStream program with filter and map in JS',
  shapes: shapeNames,
  input: adsFile,
  reference: 'node JSON.parse + Map',
  programs: () => [dataStream(1), dataStream(2), node('node JSON.parse + Map', 'node-json.mjs', 'no general engine')],
};
