import { existsSync, mkdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { delimiter, join } from 'node:path';
import { has, reason } from '../lib/on-demand.js';
import { DATA, peer } from '../lib/paths.js';
import { type ChildResult, child, countLines, lastLine, type Program } from '../lib/program.js';
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

/** Fetches Flink's jars (about 150 MB) once and compiles the runners; returns why it cannot. */
export async function prepareFlink(): Promise<string | undefined> {
  const skip = missing();
  if (skip !== undefined) return skip;
  const pom = join(peer('flink'), 'pom.xml');
  const sources = ['SqlRun', 'LatencyRun'].map((name) => join(peer('flink'), `src/${name}.java`));
  if (existsSync(READY) && [pom, ...sources].every((f) => statSync(READY).mtimeMs > statSync(f).mtimeMs)) return undefined;
  mkdirSync(join(HOME, 'classes'), { recursive: true });
  const lib = join(HOME, 'lib');
  try {
    await child('mvn', ['-q', '-B', '-f', pom, 'dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${lib}`]);
    await child('javac', ['-nowarn', '-cp', join(lib, '*'), '-d', join(HOME, 'classes'), ...sources]);
  } catch (e) {
    return reason('its jars cannot be had', e);
  }
  writeFileSync(READY, '');
  return undefined;
}

/** Runs one of the runners in a JVM of its own. */
export function flinkJvm(main: 'SqlRun' | 'LatencyRun', ...args: string[]): Promise<ChildResult> {
  return flinkJvmWith([], main, ...args);
}

function flinkJvmWith(jars: readonly string[], main: string, ...args: string[]): Promise<ChildResult> {
  const opens = OPENS.map((p) => `--add-opens=java.base/${p}=ALL-UNNAMED`);
  const classpath = [peer('flink'), join(HOME, 'classes'), join(HOME, 'lib', '*'), ...jars].join(delimiter);
  return child('java', ['-Xmx3g', ...opens, '-cp', classpath, main, ...args]);
}

/** The connector's jars, fetched beside Flink's when a race asks for Kafka; its own pom, because it is released apart from Flink. */
async function kafkaJars(): Promise<string> {
  const lib = join(HOME, 'kafka');
  if (!existsSync(lib)) {
    const args = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${lib}.part`];
    await child('mvn', ['-q', '-B', '-f', join(peer('flink'), 'kafka-pom.xml'), ...args]);
    renameSync(`${lib}.part`, lib);
  }
  return join(lib, '*');
}

/** Real Flink 2.3 in one JVM (MiniCluster), object reuse on, on the same SQL. */
export function flink({ sql }: Pick<Workload, 'sql'>, slots: number, kafka = false): Program {
  return {
    name: `flink 2.3, ${slots} slot${slots > 1 ? 's' : ''}`,
    note: 'MiniCluster; job time, JVM and planner apart',
    rounds: 1,
    skip: slots > availableParallelism() ? 'fewer cores than slots' : undefined,
    prepare: prepareFlink,
    async run(input, dir) {
      const job = join(dir, 'flink.sql');
      const output = join(dir, 'out');
      writeFileSync(job, sql(input, output, slots));
      const { stdout, wallMs } = await flinkJvmWith(kafka ? [await kafkaJars()] : [], 'SqlRun', job);
      const { seconds } = lastLine<{ seconds: number }>(stdout);
      return { records: countLines(input), seconds, startupMs: wallMs - seconds * 1000, output };
    },
  };
}
