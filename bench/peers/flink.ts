import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { delimiter, join } from 'node:path';
import { has } from '../lib/on-demand.js';
import { DATA, peer } from '../lib/paths.js';
import { child, countLines, lastLine, type Program } from '../lib/program.js';
import type { Workload } from '../lib/workload.js';

const HOME = join(DATA, 'flink');
const READY = join(HOME, 'ready');

/** Packages Flink needs opened on Java 17. */
const OPENS = [
  'java.util',
  'java.lang',
  'java.net',
  'java.io',
  'java.nio',
  'sun.nio.ch',
  'java.time',
  'java.text',
  'java.lang.reflect',
  'java.util.concurrent',
];

/** Why Flink cannot run here; undefined when it can. */
function missing(): string | undefined {
  if (!has('java', '-version') || !has('javac', '-version')) return 'no JDK (java, javac) on the PATH';
  if (!existsSync(READY) && !has('mvn', '-v')) return 'no Maven (mvn) on the PATH to fetch Flink with';
  return undefined;
}

/** Fetches Flink's jars (about 150 MB) once and compiles the runner. */
async function prepare(): Promise<void> {
  const source = join(peer('flink'), 'src/SqlRun.java');
  if (existsSync(READY) && statSync(READY).mtimeMs > statSync(source).mtimeMs) return;
  mkdirSync(join(HOME, 'classes'), { recursive: true });
  const lib = join(HOME, 'lib');
  await child('mvn', ['-q', '-B', '-f', join(peer('flink'), 'pom.xml'), 'dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${lib}`]);
  await child('javac', ['-nowarn', '-cp', join(lib, '*'), '-d', join(HOME, 'classes'), source]);
  writeFileSync(READY, '');
}

/** Real Flink 2.3 in one JVM (MiniCluster), object reuse on, on the same SQL. */
export function flink({ sql }: Pick<Workload, 'sql'>, slots: number): Program {
  return {
    name: `flink 2.3, ${slots} slot${slots > 1 ? 's' : ''}`,
    note: 'MiniCluster; job time, JVM and planner apart',
    rounds: 1,
    skip: slots > availableParallelism() ? 'fewer cores than slots' : missing(),
    async run(input, dir) {
      await prepare();
      const job = join(dir, 'flink.sql');
      const output = join(dir, 'out');
      writeFileSync(job, sql(input, output, slots));
      const opens = OPENS.map((p) => `--add-opens=java.base/${p}=ALL-UNNAMED`);
      const classpath = [peer('flink'), join(HOME, 'classes'), join(HOME, 'lib', '*')].join(delimiter);
      const { stdout, wallMs } = await child('java', ['-Xmx3g', ...opens, '-cp', classpath, 'SqlRun', job]);
      const { seconds } = lastLine<{ seconds: number }>(stdout);
      return { records: countLines(input), seconds, startupMs: wallMs - seconds * 1000, output };
    },
  };
}
