import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository, seen from .build/bench/lib/. */
export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
/** Scripts, jobs and the sources of peers. */
export const BENCH = join(ROOT, 'bench');
export const DATA = join(ROOT, '.bench-data');
export const RESULTS = join(BENCH, 'results');
export const CLI = join(ROOT, 'dist/cli.js');

export function peer(name: string): string {
  return join(BENCH, 'peers', name);
}

export function ensure(dir: string): string {
  mkdirSync(dir, { recursive: true });
  return dir;
}
