import type { Summary } from '../lib/program.js';
import type { ShapeResult } from '../stages/contest.js';
import type { LatencyResult } from '../stages/latency.js';

/** What a race saves. */
export interface RaceResult {
  readonly options: { readonly records: number; readonly rounds: number };
  /** the program to which ratios are */
  readonly reference: string;
  readonly title: string;
  readonly results: readonly Summary[];
}

export interface ShapesResult {
  readonly options: { readonly records: number; readonly rounds: number };
  readonly results: readonly ShapeResult[];
}

const list = (x: unknown, key: string): boolean => {
  const value = (x as Record<string, unknown> | null)?.[key];
  return Array.isArray(value) && value.length > 0;
};

export const isRace = (x: unknown): x is RaceResult => list(x, 'results') && 'rate' in (x as RaceResult).results[0];
export const isShapes = (x: unknown): x is ShapesResult => list(x, 'results') && 'shape' in (x as ShapesResult).results[0];
export const isLatency = (x: unknown): x is LatencyResult => list(x, 'rows') && 'bufferTimeoutMs' in (x as LatencyResult).rows[0];
