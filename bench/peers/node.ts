import { join } from 'node:path';
import { peer } from '../lib/paths.js';
import { child, lastLine, type Measured, type Program } from '../lib/program.js';

/** Runs a program that prints records, seconds and late, and takes what is left of its wall time for start-up. */
export async function counted(command: string, args: readonly string[], output: string): Promise<Measured> {
  const { wallMs, stdout } = await child(command, args);
  const { records, seconds, late } = lastLine<{ records: number; seconds: number; late: number }>(stdout);
  if (late > 0) throw new Error(`${command} ${args.join(' ')} dropped ${late} records as late`);
  return { records, seconds, startupMs: Math.max(0, wallMs - seconds * 1000), output };
}

/** A program of bench/peers that Node runs: `node file input output`. */
export function node(name: string, file: string, note: string): Program {
  return {
    name,
    note,
    run: (input, dir) => {
      const output = join(dir, 'out.jsonl');
      return counted(process.execPath, [peer(file), input, output], output);
    },
  };
}
