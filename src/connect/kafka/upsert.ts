import { type ErrorPlace, MillraceError } from '../../base/errors.js';
import { option, optionKind, readOptions, requiredOption, type TextOptions } from '../../contract/options.js';
import type { SinkConfig } from '../../contract/sink.js';
import type { Connector } from '../../contract/source.js';
import { format as json } from '../../format/json.js';
import { flatten, typeCode } from '../../types/leaf.js';
import { BYTES, typeToString } from '../../types/logical.js';
import { T_STR } from '#abi';
import { connector as kafka } from './index.js';
import { KEY_COLUMN, UpsertWriter } from './upsert-writer.js';

const { string, int, durationMs, oneOf } = optionKind;

/** Options of Flink's upsert-kafka sink, with Flink's defaults. */
export const OPTIONS = {
  topic: requiredOption(string, 'The topic.'),
  'properties.bootstrap.servers': requiredOption(string, "Brokers to ask first: 'host1:9092,host2:9092'."),
  'properties.*': option(string, "Kafka's own client properties."),
  'key.format': requiredOption(string, "'json', or 'raw' for one STRING column: the primary key as bytes."),
  'key.json.*': option(string, "Options of the key's json format."),
  'key.fields-prefix': option(string, 'A prefix of the key columns in the table, absent in the format.', ''),
  'value.fields-include': option(oneOf('all', 'except_key'), 'Whether the value holds the key columns too.', 'all'),
  'sink.delivery-guarantee': option(oneOf('none', 'at-least-once', 'exactly-once'), 'What a failure may do to the output.', 'at-least-once' as const),
  'sink.transactional-id-prefix': option(string, 'Prefix of transactional ids for exactly-once.'),
  'sink.buffer-flush.max-rows': option(int, 'Rows kept back so that only the last of a key leaves; 0 = none.', 0),
  'sink.buffer-flush.interval': option(durationMs, 'How long they are kept back; 0 = not at all.', 0),
};

/** The sink as the kafka connector knows it: the key's bytes are a raw column of their own behind the table's. */
function asKafka(config: SinkConfig): SinkConfig {
  const { topic, 'sink.delivery-guarantee': guarantee } = config.options;
  const properties = Object.fromEntries(Object.entries(config.options).filter(([k]) => k.startsWith('properties.')));
  const delivery: TextOptions = guarantee === undefined ? {} : { 'sink.delivery-guarantee': guarantee };
  return {
    ...config,
    connector: 'kafka',
    options: { topic, ...properties, ...delivery, 'key.format': 'raw', 'key.fields': KEY_COLUMN },
    schema: { fields: [...config.schema.fields, { name: KEY_COLUMN, type: BYTES() }] },
    metadata: [...config.metadata, undefined],
  };
}

function check(config: SinkConfig, place: ErrorPlace): void {
  const o = readOptions("connector 'upsert-kafka'", OPTIONS, config.options, place);
  if (config.primaryKey.length === 0) {
    throw new MillraceError('SQL_VALIDATION', "'upsert-kafka' tables require to define a PRIMARY KEY constraint", {
      place,
      remedy: 'It says which columns are the key of a message, and which rows an update or a deletion is about: PRIMARY KEY (...) NOT ENFORCED.',
    });
  }
  const refuse = (what: string, remedy: string): MillraceError => new MillraceError('NOT_SUPPORTED', `${what} is not supported yet`, { place, remedy });
  if (o['value.fields-include'] === 'except_key')
    throw refuse("'value.fields-include' = 'EXCEPT_KEY' of a sink", 'Leave it out: the value then holds the key columns too.');
  if (o['key.fields-prefix'] !== '') throw refuse("'key.fields-prefix' of a sink", 'Name the columns as the key shall name them.');
  if (o['sink.buffer-flush.max-rows'] > 0 || o['sink.buffer-flush.interval'] > 0) {
    throw refuse(
      "'sink.buffer-flush.max-rows' and 'sink.buffer-flush.interval'",
      "SET 'table.exec.mini-batch.enabled' = 'true': each group then leaves once per mini-batch.",
    );
  }
  const leaves = flatten(config.schema);
  if (o['key.format'] === 'json') json.check(keyOptions(config.options), 'encode', place);
  else if (o['key.format'] !== 'raw') throw refuse(`'key.format' = '${o['key.format']}'`, "Use 'json' or 'raw'.");
  else if (config.primaryKey.length !== 1 || typeCode(leaves[config.primaryKey[0]].type) !== T_STR) {
    const types = config.primaryKey.map((k) => typeToString(leaves[k].type)).join(', ');
    throw refuse(`a 'raw' key of ${types}`, "It takes one STRING column; use 'json'.");
  }
}

const keyOptions = (options: TextOptions): TextOptions =>
  Object.fromEntries(
    Object.entries(options)
      .filter(([k]) => k.startsWith('key.json.'))
      .map(([k, v]) => [k.slice('key.json.'.length), v]),
  );

/**
 * Flink's upsert-kafka as a sink: a row is a message whose key is its primary key; a row that is gone (-D, or a -U that no +U follows) is a message
 * without a value. Messages of one key stand in one partition, in order.
 */
export const connector: Connector = {
  name: 'upsert-kafka',
  sinkOptions: OPTIONS,
  changelog: 'upsert',
  formats: 'required',
  checkSink(config, place) {
    check(config, place);
    kafka.checkSink?.(asKafka(config), place);
  },
  planSink: async (config, host) => (await kafka.planSink?.(asKafka(config), host)) ?? {},
  createWriter: (config, plan, ctx) => {
    const key = { format: config.options['key.format'] === 'json' ? json : undefined, options: keyOptions(config.options), columns: config.primaryKey };
    return new UpsertWriter(asKafka(config), key, plan, ctx);
  },
};
