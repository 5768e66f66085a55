import { join } from 'node:path';
import { built, has, reason } from '../lib/on-demand.js';
import { DATA, peer } from '../lib/paths.js';
import { child, type Program } from '../lib/program.js';
import type { Workload } from '../lib/workload.js';
import { counted } from './node.js';

const HOME = peer('timely');
const SOURCES = ['Cargo.toml', 'src/main.rs', 'src/windows.rs'].map((f) => join(HOME, f));
const TARGET = join(DATA, 'peers/timely-target');

/** The compiled peer, or why there is none. */
export async function timelyProgram(): Promise<{ readonly program: string; readonly skip?: undefined } | { readonly skip: string }> {
  if (!has('cargo', '--version')) return { skip: 'no cargo (Rust) on the PATH' };
  try {
    const program = await built('timely-target/release/timely-peer', SOURCES, () =>
      child('cargo', ['build', '--release', '--quiet', '--manifest-path', SOURCES[0], '--target-dir', TARGET], { RUSTFLAGS: '-C target-cpu=native' }),
    );
    return { program };
  } catch (e) {
    return { skip: reason('it does not build', e) };
  }
}

/** Timely dataflow (Rust) with the sonic-rs parser, built on demand. */
export function timely(work: Workload, workers: number): Program {
  let program = '';
  return {
    name: `timely 0.31, ${workers} worker${workers > 1 ? 's' : ''}`,
    note: 'Rust, one query; keys up to 40 bytes',
    async prepare() {
      const made = await timelyProgram();
      if (made.skip !== undefined) return made.skip;
      program = made.program;
      return undefined;
    },
    run: (input, dir) => {
      const output = join(dir, 'out');
      return counted(program, [work.name, work.key, String(workers), input, output], output);
    },
  };
}
