import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe } from '../lib/machine.js';
import { npmPackage } from '../lib/on-demand.js';
import { ensure, ROOT } from '../lib/paths.js';
import type { LatencyResult } from '../stages/latency.js';
import { type Saved, saved } from '../lib/saved.js';
import { isLatency, isRace, isShapes, type RaceResult, type ShapesResult } from './results.js';

export const PLOTS = join(ROOT, 'docs/plots');
const ECHARTS = '6.1.0';
const WIDTH = 820;

/** The part of Apache ECharts that is used: an option object in, an SVG out. Fetched on demand. */
interface ECharts {
  init(
    dom: null,
    theme: null,
    how: { renderer: 'svg'; ssr: true; width: number; height: number },
  ): {
    setOption(option: object): void;
    renderToSVGString(): string;
    dispose(): void;
  };
}

interface Plot {
  readonly name: string;
  readonly height: number;
  readonly option: object;
}

const OURS = '#c2410c';
const OTHERS = '#94a3b8';
const FRAME = { backgroundColor: '#ffffff', animation: false, textStyle: { fontFamily: 'sans-serif' } };
const million = (rate: number): number => Number((rate / 1e6).toFixed(2));

function title(text: string, { machine }: Saved): object {
  return { text, subtext: describe({ ...machine, othersBusy: 0 }), left: 10, textStyle: { fontSize: 15 }, subtextStyle: { fontSize: 11 } };
}

function bars(name: string, s: Saved<RaceResult>): Plot {
  const rows = [...s.result.results].reverse(); // the first program stands on top
  const data = rows.map((r) => ({ value: million(r.rate), itemStyle: { color: r.name.startsWith('millrace') ? OURS : OTHERS } }));
  return {
    name,
    height: 110 + 26 * rows.length,
    option: {
      ...FRAME,
      title: title(`${name}: ${s.result.title ?? ''} (M records/s)`, s),
      grid: { left: 200, right: 60, top: 60, bottom: 30 },
      xAxis: { type: 'value' },
      yAxis: { type: 'category', data: rows.map((r) => r.name) },
      series: [{ type: 'bar', data, barWidth: 16, label: { show: true, position: 'right', fontSize: 11 } }],
    },
  };
}

function shapes(name: string, s: Saved<ShapesResult>): Plot {
  const { results } = s.result;
  const programs = [...new Set(results.flatMap((r) => r.programs.map((p) => p.name)))];
  return {
    name,
    height: 380,
    option: {
      ...FRAME,
      title: title(`${name}: GB/s by the shape of the records`, s),
      legend: { bottom: 0 },
      grid: { left: 60, right: 20, top: 60, bottom: 60 },
      xAxis: { type: 'category', data: results.map((r) => r.shape) },
      yAxis: { type: 'value', name: 'GB/s' },
      series: programs.map((program) => ({
        name: program,
        type: 'bar',
        data: results.map((r) => {
          const p = r.programs.find((x) => x.name === program);
          return p === undefined ? 0 : Number(((p.rate * r.inputBytes) / p.runs[0].records / 1e9).toFixed(2));
        }),
      })),
    },
  };
}

function lines(name: string, heading: string, s: Saved, x: readonly string[], series: readonly { name: string; values: readonly (number | null)[] }[]): Plot {
  return {
    name,
    height: 400,
    option: {
      ...FRAME,
      title: title(heading, s),
      legend: { bottom: 0 },
      grid: { left: 70, right: 30, top: 70, bottom: 60 },
      xAxis: { type: 'category', data: x },
      yAxis: { type: 'log', name: 'ms' },
      series: series.map((l) => ({ name: l.name, type: 'line', data: l.values.map((v) => (v === null ? null : Number(v.toFixed(3)))) })),
    },
  };
}

function latency(name: string, s: Saved<LatencyResult>): Plot[] {
  const { rows } = s.result;
  const label = (r: { program: string; bufferTimeoutMs: number }): string => `${r.program}, ${r.bufferTimeoutMs} ms`;
  const fixed = rows.filter((r) => r.share === undefined);
  const shared = rows.filter((r) => r.share !== undefined);
  const shares = [...new Set(shared.map((r) => r.share))];
  const labels = [...new Set(shared.map(label))];
  const spectrum = lines(
    `${name}-spectrum`,
    'latency at 100,000 records/s, by buffer timeout: due to written',
    s,
    fixed[0].spectrum.map(([p]) => (p === 100 ? 'max' : `p${p}`)),
    fixed.map((r) => ({ name: label(r), values: r.spectrum.map(([, ms]) => ms) })),
  );
  if (shared.length === 0) return [spectrum];
  const byRate = lines(
    `${name}-rates`,
    'p99 latency over the rate, by buffer timeout (absent: does not keep up)',
    s,
    shares.map((x) => `${x} %`),
    labels.map((l) => ({
      name: l,
      values: shares.map((x) => {
        const r = shared.find((y) => y.share === x && label(y) === l);
        return r?.sustained ? r.p99Ms : null;
      }),
    })),
  );
  return [spectrum, byRate];
}

function plotsOf(name: string, s: Saved): Plot[] {
  const { result } = s;
  if (isRace(result)) return [bars(name, { ...s, result })];
  if (isShapes(result)) return [shapes(name, { ...s, result })];
  if (isLatency(result)) return latency(name, { ...s, result });
  return [];
}

/** Draws what a stage saved; returns the names of the plots, below docs/plots. */
export async function plot(name: string): Promise<string[]> {
  const s = saved(name);
  const plots = s === undefined ? [] : plotsOf(name, s);
  if (plots.length === 0) return [];
  const echarts = createRequire(`${await npmPackage('echarts', ECHARTS)}/`)('echarts') as ECharts;
  for (const p of plots) {
    const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height: p.height });
    chart.setOption(p.option);
    writeFileSync(join(ensure(PLOTS), `${p.name}.svg`), `${chart.renderToSVGString()}\n`);
    chart.dispose();
  }
  return plots.map((p) => p.name);
}
