import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Machine } from './machine.js';
import { RESULTS } from './paths.js';

export interface Saved<T = unknown> {
  readonly machine: Machine;
  readonly result: T;
}

/** What a stage wrote to bench/results; undefined when it was not run. */
export function saved<T = unknown>(name: string): Saved<T> | undefined {
  const path = join(RESULTS, `${name}.json`);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Saved<T>) : undefined;
}
