import { readdirSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { kafkaJars } from '../lib/broker.js';
import { built, has } from '../lib/on-demand.js';
import { peer } from '../lib/paths.js';
import { child, lastLine, type Program } from '../lib/program.js';

/** What a Kafka race does: a topic's events to a file, to another topic, or records of 150 bytes to a topic. */
export type KafkaWork = 'in' | 'through' | 'out';

/** One run's place: a fresh topic where rows go, or a file. */
export interface KafkaRun {
  readonly servers: string;
  /** the topic with the events */
  readonly events: string;
  /** a topic that nobody else writes to */
  freshTopic(): Promise<string>;
  /** writes a topic's values to a file: whole, or up to the id */
  dump(topic: string, file: string, how: 'whole' | 'id'): Promise<void>;
}

type Measured = { records: number; seconds: number };

/** Runs a program with the arguments its work needs, and gives the file with its output. */
async function runPeer(work: KafkaWork, k: KafkaRun, dir: string, records: number, run: (args: readonly string[]) => ReturnType<typeof child>) {
  const output = join(dir, 'out.jsonl');
  const topic = work === 'in' ? '' : await k.freshTopic();
  const args = work === 'in' ? [k.events, output] : work === 'through' ? [k.events, topic] : [topic, String(records)];
  const { wallMs, stdout } = await run([work, k.servers, ...args]);
  const measured = lastLine<Measured>(stdout);
  if (work !== 'in') await k.dump(topic, output, work === 'out' ? 'id' : 'whole');
  return { ...measured, startupMs: Math.max(0, wallMs - measured.seconds * 1000), output };
}

export function kafkajsPeer(work: KafkaWork, k: KafkaRun, records: number): Program {
  return {
    name: 'kafkajs',
    note: work === 'out' ? 'idempotent, one request at a time' : 'JSON.parse + Map; no watermarks, rows at the end; from the first batch on',
    rounds: 1,
    run: (_, dir) => runPeer(work, k, dir, records, (args) => child(process.execPath, [peer('kafka/kafkajs.mjs'), ...args])),
  };
}

export function javaPeer(work: KafkaWork, k: KafkaRun, records: number): Program {
  return {
    name: 'java client',
    note: work === 'out' ? 'batch.size 128 KiB, linger 5 ms' : 'Jackson + HashMap; no watermarks, rows at the end',
    skip: has('javac', '-version') ? undefined : 'no JDK (javac) on the PATH',
    async run(_, dir) {
      const source = peer('kafka/java/KafkaPeer.java');
      const jars = readdirSync(kafkaJars())
        .filter((f) => f.endsWith('.jar'))
        .map((f) => join(kafkaJars(), f))
        .join(delimiter);
      const program = await built('kafka-java/KafkaPeer.class', [source], (out) => child('javac', ['-nowarn', '-cp', jars, '-d', dirname(out), source]));
      return runPeer(work, k, dir, records, (args) => child('java', ['-Xmx1g', '-cp', `${dirname(program)}${delimiter}${jars}`, 'KafkaPeer', ...args]));
    },
  };
}
