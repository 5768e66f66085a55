import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from '../lib/machine.js';
import { ROOT } from '../lib/paths.js';
import { raceTable, ratios } from '../lib/program.js';
import { shapesTable } from '../stages/contest.js';
import { latencyTable } from '../stages/latency.js';
import { PLOTS, plot } from './plots.js';
import { type Saved, saved } from '../lib/saved.js';
import { isLatency, isRace, isShapes } from './results.js';

const PAGE = join(ROOT, 'docs/performance.md');
const MARK = /<!-- results ([\w-]+) -->[\s\S]*?<!-- end -->/g;

interface Flat {
  readonly [key: string]: unknown;
}

/** Markdown of one stage's results. */
function render({ machine, result }: Saved): string {
  const where = `${describe(machine)}, ${machine.at.slice(0, 10)}`;
  if (isRace(result)) {
    const { options, results, reference } = result;
    return [
      `${options.records.toLocaleString('en')} records, median of up to ${options.rounds} rounds. ${where}.`,
      '',
      raceTable(results, reference),
      ratios(results),
    ].join('\n');
  }
  if (isShapes(result)) return [`${result.options.records.toLocaleString('en')} records. ${where}.`, '', shapesTable(result.results)].join('\n');
  if (isLatency(result)) {
    const { work, parallelism, seconds, warmupSeconds } = result.options;
    const how = `Work: ${work}, ${parallelism} slots, ${seconds} s a run after ${warmupSeconds} s of warm-up. Sustainable rate: ${(result.sustainable / 1e6).toFixed(2)} M records/s.`;
    return [`${how} ${where}.`, '', latencyTable(result)].join('\n');
  }
  const rows = (result as { rows?: unknown }).rows;
  if (Array.isArray(rows)) return `${where}.\n\n${listTable(rows as Flat[])}`;
  if (Array.isArray(result)) return `${where}.\n\n${listTable(result as Flat[])}`;
  const figures = Object.entries(result as Flat).filter(([, v]) => typeof v === 'number');
  return `${where}.\n\n${figures.map(([k, v]) => `- ${k}: ${(v as number).toFixed(0)}`).join('\n')}`;
}

/** A list of flat objects as they are. */
function listTable(rows: readonly Flat[]): string {
  const head = Object.keys(rows[0] ?? {});
  const line = (cells: readonly unknown[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map((r) => line(head.map((h) => r[h])))].join('\n');
}

/** Fills docs/performance.md from bench/results: `<!-- results NAME --> ... <!-- end -->` takes NAME's table and its plots. */
export async function report(draw: boolean): Promise<void> {
  const old = readFileSync(PAGE, 'utf8');
  let text = old;
  for (const [block, name] of old.matchAll(MARK)) {
    const s = saved(name);
    if (s === undefined) {
      console.log(
        `${name}: no results; run npm run bench -- ${name
          .replace(/(.*)-shapes/, 'shapes $1')
          .replace(/kafka-.*/, 'kafka')
          .replace(/-(\d+)$/, ' --records $1')}`,
      );
      continue;
    }
    if (draw) await plot(name);
    const plots = [name, `${name}-spectrum`, `${name}-rates`].filter((p) => existsSync(join(PLOTS, `${p}.svg`)));
    const images = plots.map((p) => `![${p}](plots/${p}.svg)`).join('\n\n');
    text = text.replace(block, () => `<!-- results ${name} -->\n\n${render(s).trim()}\n${images === '' ? '' : `\n${images}\n`}\n<!-- end -->`);
    console.log(`${name}: measured ${s.machine.at}, commit ${s.machine.commit}`);
  }
  if (text !== old) writeFileSync(PAGE, text);
}
