import { join } from 'node:path';
import { runSql } from './millrace.js';
import type { Program } from './program.js';

/** A race from one input file to one output folder, as every peer needs to know it. */
export interface Workload {
  readonly name: 'ads' | 'users';
  /** what the grouping key is in the input */
  readonly key: 'text' | 'number';
  /** the script that millrace and Flink run */
  sql(input: string, output: string, slots: number): string;
}

/** millrace on a workload's script, in a process of its own. */
export function millrace(work: Pick<Workload, 'sql'>, slots: number): Program {
  return {
    name: `millrace ${slots} slot${slots > 1 ? 's' : ''}`,
    note: 'public SQL; every byte verified',
    async run(input, dir) {
      const output = join(dir, 'out');
      return { ...(await runSql(work.sql(input, output, slots), dir)), output };
    },
  };
}
