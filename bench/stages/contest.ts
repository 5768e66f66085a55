import { statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, machine } from '../lib/machine.js';
import { DATA, PACKAGED } from '../lib/paths.js';
import { MEDIANS, type Program, race, raceTable, save, type Summary, ratios } from '../lib/program.js';
import { table } from '../lib/stats.js';

/** A work on a file that every program does, in turns. */
export interface Contest<S extends string = string> {
  readonly name: string;
  readonly title: string;
  /** shapes of the records; the first is the usual one */
  readonly shapes: readonly S[];
  input(records: number, shape: S): string;
  /** the program to which the table's ratios are */
  readonly reference: string;
  programs(shape: S): Program[];
}

/** Unless said otherwise. Results of other numbers are kept under a name of their own. */
export const CONTEST_RECORDS = PACKAGED ? 2_000_000 : 10_000_000;

export interface ContestOptions {
  readonly records: number;
  readonly rounds: number;
  readonly shape: string;
  /** parts of names, or 'all' */
  readonly programs: readonly string[];
}

function shapeOf<S extends string>(contest: Contest<S>, text: string): S {
  const shape = contest.shapes.find((s) => s === text);
  if (shape === undefined) throw new Error(`--shape is one of ${contest.shapes.join(', ')}`);
  return shape;
}

function chosen(all: readonly Program[], wanted: readonly string[]): readonly Program[] {
  const programs = wanted.includes('all') ? all : all.filter((p) => wanted.some((w) => p.name.includes(w)));
  if (programs.length === 0) throw new Error(`no program matches ${wanted.join(', ')}; known: ${all.map((p) => p.name).join('; ')}`);
  return programs;
}

/** Runs the programs on one input, prints the table and writes bench/results/<name>.json. */
export async function contest<S extends string>(c: Contest<S>, options: ContestOptions): Promise<void> {
  const shape = shapeOf(c, options.shape);
  const programs = chosen(c.programs(shape), options.programs);
  const m = machine();
  console.log(describe(m));
  const results = await race(programs, c.input(options.records, shape), options.rounds, join(DATA, `work-${c.name}`));
  console.log(`\n${c.name} (${shape}), ${options.records} records, median of up to ${options.rounds} interleaved rounds ${MEDIANS}, outputs equal\n`);
  console.log(raceTable(results, c.reference));
  console.log(ratios(results));
  const name = [c.name, ...(shape === c.shapes[0] ? [] : [shape]), ...(options.records === CONTEST_RECORDS ? [] : [options.records])].join('-');
  console.log(`written: ${save(name, { options, title: c.title, reference: c.reference, results }, m)}`);
}

/** One table of a work on every shape of its records. */
export async function shapes<S extends string>(c: Contest<S>, options: Omit<ContestOptions, 'shape'>): Promise<void> {
  const m = machine();
  console.log(describe(m));
  const results: ShapeResult[] = [];
  for (const shape of c.shapes) {
    console.log(`\n${c.name} (${shape}), ${options.records} records\n`);
    const input = c.input(options.records, shape);
    const programs = await race(chosen(c.programs(shape), options.programs), input, options.rounds, join(DATA, `work-${c.name}`));
    console.log(`\n${raceTable(programs, c.reference)}`);
    results.push({ shape, inputBytes: statSync(input).size, programs });
  }
  console.log(`\n${shapesTable(results)}`);
  console.log(`written: ${save(`${c.name}-shapes`, { options, results }, m)}`);
}

export interface ShapeResult {
  readonly shape: string;
  readonly inputBytes: number;
  readonly programs: readonly Summary[];
}

/** Rates by shape and program: records/s, and bytes/s, because shapes differ in length. */
export function shapesTable(results: readonly ShapeResult[]): string {
  const names = [...new Set(results.flatMap((r) => r.programs.map((p) => p.name)))];
  const cell = ({ inputBytes, programs }: ShapeResult, name: string): string => {
    const p = programs.find((x) => x.name === name);
    if (p === undefined) return '-';
    return `${(p.rate / 1e6).toFixed(2)} (${(((inputBytes / p.runs[0].records) * p.rate) / 1e9).toFixed(2)})`;
  };
  return table(
    ['M records/s (GB/s)', ...names],
    results.map((r) => [r.shape, ...names.map((n) => cell(r, n))]),
  );
}
