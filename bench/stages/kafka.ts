import { rmSync } from 'node:fs';
import { join } from 'node:path';
import kafkajs from 'kafkajs';
import { kafkaMissing, startBroker } from '../lib/broker.js';
import { adsFile } from '../data/ads.js';
import { describe, machine } from '../lib/machine.js';
import { fileUri, runSql, script } from '../lib/millrace.js';
import { DATA, ensure, peer } from '../lib/paths.js';
import { child, MEDIANS, type Program, race, raceTable, save } from '../lib/program.js';
import { flink } from '../peers/flink.js';
import { javaPeer, type KafkaRun, type KafkaWork, kafkajsPeer } from '../peers/kafka.js';

export const kafkaWorks: readonly KafkaWork[] = ['in', 'through', 'out'];

export interface KafkaOptions {
  readonly records: number;
  readonly rounds: number;
  readonly works: readonly KafkaWork[];
  readonly partitions: number;
  /** parts of names, or 'all' */
  readonly programs: readonly string[];
}

/** A broker as users run it: the server compiler, room for the page cache. */
const BROKER_JVM = ['-Xmx1g', '-Xms1g', '-XX:+UseG1GC'];

const table = (servers: string, topic: string, more = ''): string =>
  `'connector' = 'kafka', 'topic' = '${topic}', 'properties.bootstrap.servers' = '${servers}', 'format' = 'json'${more}`;
const READ = ", 'scan.startup.mode' = 'earliest-offset', 'scan.bounded.mode' = 'latest-offset'";

/** The script of a work; `output` is a file for 'in', else a topic. */
function sql(work: KafkaWork, k: KafkaRun, output: string, slots: number, records: number): string {
  const topic = table(k.servers, output, ", 'properties.acks' = 'all'");
  const values = { PARALLELISM: String(slots), RECORDS: String(records), LAST: String(999_999 + records) };
  if (work === 'out') return script('kafka-out.sql', { ...values, SINK: topic });
  const file = `'connector' = 'filesystem', 'path' = '${fileUri(output)}', 'format' = 'json'`;
  return script('kafka-ads.sql', { ...values, SOURCE: table(k.servers, k.events, READ), SINK: work === 'in' ? file : topic });
}

function millrace(work: KafkaWork, k: KafkaRun, slots: number, records: number): Program {
  return {
    name: `millrace ${slots} slot${slots > 1 ? 's' : ''}`,
    note: 'public SQL',
    async run(_, dir) {
      const file = join(dir, 'out');
      const topic = work === 'in' ? file : await k.freshTopic();
      const { records: read, ...run } = await runSql(sql(work, k, topic, slots, records), dir);
      if (work !== 'in') await k.dump(topic, file, work === 'out' ? 'id' : 'whole');
      return { ...run, records: read, output: file };
    },
  };
}

/** Flink's SQL on the same topics; it writes files or a topic as millrace does. */
function flinkOn(work: KafkaWork, k: KafkaRun, slots: number, records: number): Program {
  let topic = '';
  const base = flink({ sql: (_, output, n) => sql(work, k, work === 'in' ? output : topic, n, records) }, slots, true);
  return {
    ...base,
    async run(input, dir) {
      if (work === 'in') return base.run(input, dir);
      topic = await k.freshTopic();
      const { records: read, ...run } = await base.run(input, dir);
      const file = join(dir, 'dumped');
      await k.dump(topic, file, work === 'out' ? 'id' : 'whole');
      return { ...run, records: work === 'out' ? records : read, output: file };
    },
  };
}

/** The Kafka races against one broker on this machine: prints a table each and writes bench/results/kafka-<work>.json. */
export async function kafka(o: KafkaOptions): Promise<void> {
  const missing = kafkaMissing();
  if (missing !== undefined) {
    console.log(`kafka: skipped, ${missing}`);
    return;
  }
  const m = machine();
  console.log(describe(m));
  const input = adsFile(o.records, 'plain');
  const broker = await startBroker({ jvm: BROKER_JVM });
  const admin = new kafkajs.Kafka({ brokers: [broker.servers], logLevel: kafkajs.logLevel.NOTHING }).admin();
  let topics = 0;
  const create = async (topic: string): Promise<string> => {
    await admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions: o.partitions }] });
    return topic;
  };
  const used: string[] = [];
  const k: KafkaRun = {
    servers: broker.servers,
    events: 'events',
    async freshTopic() {
      if (used.length > 0) await admin.deleteTopics({ topics: used.splice(0) });
      const topic = await create(`rows-${topics++}`);
      used.push(topic);
      return topic;
    },
    async dump(topic, file, how) {
      await child(process.execPath, [peer('kafka/kafkajs.mjs'), 'dump', broker.servers, topic, file, how]);
    },
  };
  try {
    await admin.connect();
    await create(k.events);
    await runSql(script('kafka-fill.sql', { INPUT: fileUri(input), SINK: table(broker.servers, k.events) }), ensure(join(DATA, 'work-kafka')));
    for (const work of o.works) {
      const all = [
        millrace(work, k, 1, o.records),
        millrace(work, k, 2, o.records),
        javaPeer(work, k, o.records),
        kafkajsPeer(work, k, o.records),
        flinkOn(work, k, 1, o.records),
        flinkOn(work, k, 2, o.records),
      ];
      const programs = o.programs.includes('all') ? all : all.filter((p) => o.programs.some((w) => p.name.includes(w)));
      // The broker's code is compiled while it runs: nobody should be the first to need it.
      const dir = ensure(join(DATA, 'work-kafka-warm'));
      await millrace(work, k, 2, o.records).run(input, dir);
      rmSync(dir, { recursive: true });
      const results = await race(programs, input, o.rounds, join(DATA, 'work-kafka'));
      console.log(
        `\nkafka ${work}, ${o.records} records, ${o.partitions} partitions, broker on the same cores, median of up to ${o.rounds} interleaved rounds ${MEDIANS}, outputs equal\n`,
      );
      console.log(raceTable(results, 'java client'));
      console.log(`written: ${save(`kafka-${work}`, { options: o, title: `kafka ${work}`, reference: 'java client', results }, m)}\n`);
    }
  } finally {
    await admin.disconnect().catch(() => {});
    await broker.close();
  }
}
