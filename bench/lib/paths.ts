import { existsSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** In the installed package this module lies in dist/bench or dist/chunks, in the repository in .build/bench/lib. */
export const PACKAGED = existsSync(here('../bench/sql'));
/** The repository, or the installed package. */
export const ROOT = here(PACKAGED ? '../../' : '../../../');
/** Scripts, jobs and the sources of peers. */
export const BENCH = PACKAGED ? here('../bench') : join(ROOT, 'bench');
/** Inputs, work folders and what peers need: kept, because they are used again. */
export const DATA = PACKAGED ? join(tmpdir(), 'millrace-bench') : join(ROOT, '.bench-data');
export const RESULTS = PACKAGED ? join(DATA, 'results') : join(BENCH, 'results');
export const CLI = join(ROOT, 'dist/cli.js');

/** A compiled module of the bench. */
export const compiled = (name: string): string => (PACKAGED ? join(BENCH, name) : join(ROOT, '.build/bench', name));

export function peer(name: string): string {
  return join(BENCH, 'peers', name);
}

export function ensure(dir: string): string {
  mkdirSync(dir, { recursive: true });
  return dir;
}
