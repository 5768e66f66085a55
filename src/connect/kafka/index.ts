import { ownModule } from '../../base/modules.js';
import type { ErrorPlace } from '../../base/errors.js';
import type { SinkConfig, SinkPlan } from '../../contract/sink.js';
import { checkDeadLetters } from '../dead_letters.js';
import type { Connector, HostContext } from '../../contract/source.js';
import { connect } from './connect.js';
import { kafkaError } from './failure.js';
import type { KafkaSinkConfig } from './io-sink.js';
import { checkSinkKey, checkSourceKey, METADATA, propertiesOf, SINK_OPTIONS, SOURCE_OPTIONS, sinkOptions, sourceOptions, topicList } from './options.js';
import { onceLed, planKafkaSource, topicLeaders } from './plan.js';
import { KafkaReader } from './reader.js';
import { clientSettings } from './settings.js';
import { type KafkaSinkDetail, KafkaWriter } from './writer.js';

/** Host: sees that the cluster answers and the topic is there (a broker that creates topics by itself does so now). */
async function planKafkaSink(config: SinkConfig, host: HostContext): Promise<SinkPlan> {
  const place = { operator: config.tableName };
  const o = sinkOptions(config.options, place);
  const properties = propertiesOf(config.options);
  const settings = clientSettings(properties, place);
  const [topic] = topicList(o.topic);
  const cluster = await connect(settings, host.signal, place, true);
  try {
    const leaders = await onceLed(properties, host.signal, () => topicLeaders(cluster, [topic], place));
    const io: KafkaSinkConfig = { properties, topic, tableName: config.tableName };
    const detail: KafkaSinkDetail = { partitions: leaders.get(topic)?.size ?? 0 };
    return { io: { thread: 'io', module: ownModule('connect/kafka/io-sink.js'), config: io }, detail };
  } catch (e) {
    throw kafkaError(e, settings.servers, { ...place, topic });
  } finally {
    await cluster.close().catch(() => {});
  }
}

/** Apache Kafka, with the options of Flink's connector (docs/kafka.md). kafkajs is loaded when a job connects, not before. */
export const connector: Connector = {
  name: 'kafka',
  sourceOptions: SOURCE_OPTIONS,
  sinkOptions: SINK_OPTIONS,
  formats: 'required',
  metadata: METADATA,
  watermarkPerSplit: true,
  checkSource(config, place: ErrorPlace) {
    checkSourceKey(sourceOptions(config.options, place), config, place);
    clientSettings(propertiesOf(config.options), place);
    checkDeadLetters(config, place);
  },
  checkSink(config, place: ErrorPlace) {
    checkSinkKey(sinkOptions(config.options, place), config, place);
    clientSettings(propertiesOf(config.options), place);
  },
  planSource: planKafkaSource,
  createReader: (config, plan, splits, ctx) => new KafkaReader(config, plan, splits, ctx),
  planSink: planKafkaSink,
  createWriter: (config, plan, ctx) => new KafkaWriter(config, plan, ctx),
};
