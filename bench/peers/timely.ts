import { join } from 'node:path';
import { built, has, reason } from '../lib/on-demand.js';
import { DATA, peer } from '../lib/paths.js';
import { child, type Program } from '../lib/program.js';
import type { Workload } from '../lib/workload.js';
import { counted } from './node.js';

const HOME = peer('timely');
const SOURCES = ['Cargo.toml', 'src/main.rs', 'src/windows.rs'].map((f) => join(HOME, f));
const TARGET = join(DATA, 'peers/timely-target');

/** Timely dataflow (Rust) with the sonic-rs parser, built on demand. */
export function timely(work: Workload, workers: number): Program {
  let program = '';
  return {
    name: `timely 0.31, ${workers} worker${workers > 1 ? 's' : ''}`,
    note: 'Rust, one query; keys up to 40 bytes',
    async prepare() {
      if (!has('cargo', '--version')) return 'no cargo (Rust) on the PATH';
      try {
        program = await built('timely-target/release/timely-peer', SOURCES, () =>
          child('cargo', ['build', '--release', '--quiet', '--manifest-path', SOURCES[0], '--target-dir', TARGET], { RUSTFLAGS: '-C target-cpu=native' }),
        );
        return undefined;
      } catch (e) {
        return reason('it does not build', e);
      }
    },
    run: (input, dir) => {
      const output = join(dir, 'out');
      return counted(program, [work.name, work.key, String(workers), input, output], output);
    },
  };
}
