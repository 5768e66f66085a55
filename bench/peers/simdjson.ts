import { join } from 'node:path';
import { built, has, reason } from '../lib/on-demand.js';
import { peer } from '../lib/paths.js';
import { child, type Program } from '../lib/program.js';
import type { Workload } from '../lib/workload.js';
import { counted } from './node.js';

const SOURCES = ['main.cpp', 'table.h', 'windows.h'].map((f) => join(peer('simdjson'), f));
const NOTES = {
  simdjson: 'C++, one query; adds up at a merge, no shuffle',
  layout: 'C++ that knows the keys and their order, every byte verified; one query',
  blind: 'C++ that assumes the offsets too, nothing verified; one query',
};

/** C++ on simdjson's on-demand parser, or on the record's layout: the limit on this machine. */
export function simdjson(work: Workload, how: keyof typeof NOTES, threads: number): Program {
  let program = '';
  return {
    name: `c++ ${how}, ${threads} thread${threads > 1 ? 's' : ''}`,
    note: NOTES[how],
    async prepare() {
      if (!has('g++', '--version')) return 'no g++ on the PATH';
      try {
        program = await built('simdjson', SOURCES, (output) =>
          child('g++', ['-std=c++17', '-O3', '-march=native', '-o', output, SOURCES[0], '-lsimdjson', '-pthread']),
        );
        return undefined;
      } catch (e) {
        return reason('it does not compile (simdjson is the Debian package libsimdjson-dev)', e);
      }
    },
    run: (input, dir) => {
      const output = join(dir, 'out.jsonl');
      return counted(program, [work.name, how, String(threads), work.key, input, output], output);
    },
  };
}
