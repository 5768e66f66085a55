import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { adsFile, type Shape } from '../data/ads.js';
import { describe, machine } from '../lib/machine.js';
import { fileUri, script } from '../lib/millrace.js';
import { CLI, DATA } from '../lib/paths.js';
import { child, warm } from '../lib/program.js';
import { table } from '../lib/stats.js';

interface CpuProfile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: { readonly functionName: string; readonly url: string } }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

const ROWS = 16;

/** Self time by function over one profile, microseconds. */
function selfTimes(profile: CpuProfile): Map<string, number> {
  const names = new Map(
    profile.nodes.map((n) => [n.id, `${n.callFrame.functionName || '(anonymous)'} ${n.callFrame.url.split('/').slice(-2).join('/')}`.trim()]),
  );
  const times = new Map<string, number>();
  profile.samples.forEach((id, i) => {
    const name = names.get(id) ?? '?';
    times.set(name, (times.get(name) ?? 0) + profile.timeDeltas[i]);
  });
  return times;
}

/** Where the time of the ads job goes: V8's sampling profile of every thread that worked. Kernels have names after `node scripts/build.mjs --names`. */
export async function profile(records: number, slots: number, shape: Shape): Promise<void> {
  console.log(describe(machine()));
  const dir = join(DATA, 'work-profile');
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  const input = adsFile(records, shape);
  warm(input);
  const job = join(dir, 'job.sql');
  writeFileSync(job, script('ads.sql', { INPUT: fileUri(input), OUTPUT: fileUri(join(dir, 'out')), PARALLELISM: String(slots) }));
  await child(process.execPath, ['--cpu-prof', '--cpu-prof-interval', '500', '--cpu-prof-dir', dir, CLI, 'run', job]);
  for (const file of readdirSync(dir).filter((f) => f.endsWith('.cpuprofile'))) {
    const times = selfTimes(JSON.parse(readFileSync(join(dir, file), 'utf8')) as CpuProfile);
    const idle = times.get('(idle)') ?? 0;
    const total = [...times.values()].reduce((a, b) => a + b, 0);
    const busy = total - idle;
    const top = [...times].filter(([name]) => name !== '(idle)').sort((a, b) => b[1] - a[1]);
    console.log(`\n${file.split('.').slice(-4, -1).join('.')}: ${(busy / 1e6).toFixed(2)} s of ${(total / 1e6).toFixed(2)} s busy\n`);
    console.log(
      table(
        ['function', 'self ms', 'share'],
        top.slice(0, ROWS).map(([name, us]) => [name, (us / 1000).toFixed(0), `${((us / busy) * 100).toFixed(1)} %`]),
      ),
    );
  }
  rmSync(dir, { recursive: true, force: true });
}
