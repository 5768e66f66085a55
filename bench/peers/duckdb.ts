import { join } from 'node:path';
import { npmPackage, reason } from '../lib/on-demand.js';
import { peer } from '../lib/paths.js';
import { child, countLines, lastLine, type Program } from '../lib/program.js';
import type { Workload } from '../lib/workload.js';

const VERSION = '1.5.6-r.1';

/** DuckDB by its npm package, fetched on demand. */
export function duckdb(work: Workload, threads: number): Program {
  let folder = '';
  return {
    name: `duckdb 1.5, ${threads} thread${threads > 1 ? 's' : ''}`,
    note: 'batch: no watermarks, no row before the end of the input',
    async prepare() {
      try {
        folder = await npmPackage('@duckdb/node-api', VERSION);
        return undefined;
      } catch (e) {
        return reason('the npm package @duckdb/node-api cannot be had', e);
      }
    },
    async run(input, dir) {
      const output = join(dir, 'out.jsonl');
      const key = work.key === 'number' ? 'BIGINT' : 'VARCHAR';
      const { stdout, wallMs } = await child(process.execPath, [peer('duckdb.mjs'), folder, work.name, String(threads), key, input, output]);
      const { seconds } = lastLine<{ seconds: number }>(stdout);
      return { records: countLines(input), seconds, startupMs: wallMs - seconds * 1000, output };
    },
  };
}
