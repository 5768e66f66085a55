import { type ErrorPlace, MillraceError } from '../../base/errors.js';
import { type OptionValues, option, optionKind, readOptions, requiredOption, type TextOptions } from '../../contract/options.js';
import type { SinkConfig } from '../../contract/sink.js';
import type { SourceConfig } from '../../contract/source.js';
import { BIGINT, BYTES, INT, MAP, STRING, TIMESTAMP_LTZ, typeToString } from '../../types/logical.js';
import { COMPRESSION_TYPES, type CompressionType, zstdDeflates } from './deflate.js';
import { booleanProperty, type KafkaProperties, oneOfProperty } from './settings.js';

const { string, int, durationMs, oneOf } = optionKind;

const shared = {
  topic: option(string, "The topic; for sources also a list 'a;b'."),
  'properties.bootstrap.servers': requiredOption(string, "Brokers to ask first: 'host1:9092,host2:9092'."),
  'properties.group.id': option(string, 'The consumer group whose committed offsets are read.'),
  'properties.*': option(string, "Kafka's own client properties."),
  'key.format': option(string, "'raw': the record's key is one STRING or BYTES column."),
  'key.fields': option(string, "Columns that the record's key holds."),
  'key.fields-prefix': option(string, 'A prefix of the key columns in the table, absent in the format.', ''),
  'value.fields-include': option(oneOf('all', 'except_key'), 'Whether the value holds the key columns too.', 'all'),
};

/** Options of Flink's Kafka source, with Flink's defaults. */
export const SOURCE_OPTIONS = {
  ...shared,
  'topic-pattern': option(string, 'A regular expression that names of topics must match as a whole.'),
  'scan.startup.mode': option(
    oneOf('earliest-offset', 'latest-offset', 'group-offsets', 'timestamp', 'specific-offsets'),
    'Where reading starts.',
    'group-offsets' as const,
  ),
  'scan.startup.specific-offsets': option(string, "'partition:0,offset:42;partition:1,offset:300'"),
  'scan.startup.timestamp-millis': option(int, 'Start at the first record of that time or later, ms since the epoch.'),
  'scan.bounded.mode': option(
    oneOf('unbounded', 'latest-offset', 'group-offsets', 'timestamp', 'specific-offsets'),
    'Where reading stops.',
    'unbounded' as const,
  ),
  'scan.bounded.specific-offsets': option(string, "'partition:0,offset:42;partition:1,offset:300': the first offset that is not read"),
  'scan.bounded.timestamp-millis': option(int, 'Stop before the first record of that time or later, ms since the epoch.'),
  'scan.topic-partition-discovery.interval': option(durationMs, 'How often new partitions are looked for; 0 = never.', 300_000),
  'dead-letter.path': option(optionKind.path, 'A folder that keeps skipped bad records as JSON lines (needs ignore-parse-errors).'),
};

/** Options of Flink's Kafka sink, with Flink's defaults. */
export const SINK_OPTIONS = {
  ...shared,
  'sink.partitioner': option(string, "'default' (by key, else spread), 'fixed' (a subtask writes to one partition) or 'round-robin'.", 'default'),
  'sink.delivery-guarantee': option(oneOf('none', 'at-least-once', 'exactly-once'), 'What a failure may do to the output.', 'at-least-once' as const),
  'sink.transactional-id-prefix': option(string, 'Prefix of transactional ids for exactly-once.'),
};

export type SourceOptions = OptionValues<typeof SOURCE_OPTIONS>;
export type SinkOptions = OptionValues<typeof SINK_OPTIONS>;

/** Metadata columns, as Flink's Kafka connector documents them. */
export const METADATA = {
  topic: { type: STRING(false), writable: false },
  partition: { type: INT(false), writable: false },
  'leader-epoch': { type: INT(true), writable: false },
  offset: { type: BIGINT(false), writable: false },
  timestamp: { type: TIMESTAMP_LTZ(3, false), writable: true },
  'timestamp-type': { type: STRING(false), writable: false },
  headers: { type: MAP(STRING(), BYTES(), false), writable: true },
};

/** All `properties.*` of the table, under Kafka's names. */
export function propertiesOf(o: TextOptions): KafkaProperties {
  return Object.fromEntries(
    Object.entries(o)
      .filter(([k]) => k.startsWith('properties.'))
      .map(([k, v]) => [k.slice('properties.'.length), v]),
  );
}

export function topicList(topic: string | undefined): string[] {
  return (topic ?? '')
    .split(';')
    .map((s) => s.trim())
    .filter((s) => s !== '');
}

/** 'partition:0,offset:42;partition:1,offset:300' by partition. */
export function parseSpecificOffsets(key: string, text: string, place: ErrorPlace): Map<number, bigint> {
  const out = new Map<number, bigint>();
  for (const pair of text.split(';').filter((s) => s.trim() !== '')) {
    const m = /^\s*partition\s*:\s*(\d+)\s*,\s*offset\s*:\s*(\d+)\s*$/.exec(pair);
    if (m === null) {
      throw new MillraceError('INVALID_OPTION', `'${key}' = '${text}' is not valid`, {
        place,
        remedy: "Give it as 'partition:0,offset:42;partition:1,offset:300'.",
      });
    }
    out.set(Number(m[1]), BigInt(m[2]));
  }
  return out;
}

/** Reads and checks a source's options, with Flink's rules for those that depend on each other. */
export function sourceOptions(given: TextOptions, place: ErrorPlace = {}): SourceOptions {
  const o = readOptions('kafka', SOURCE_OPTIONS, given, place);
  const topics = topicList(o.topic);
  if (topics.length > 0 === (o['topic-pattern'] !== undefined)) {
    throw new MillraceError(topics.length > 0 ? 'INVALID_OPTION' : 'MISSING_OPTION', "a kafka source needs either 'topic' or 'topic-pattern'", { place });
  }
  if (o['topic-pattern'] !== undefined) {
    try {
      new RegExp(o['topic-pattern']);
    } catch (cause) {
      throw new MillraceError('INVALID_OPTION', `'topic-pattern' = '${o['topic-pattern']}' is not a regular expression`, { place, cause });
    }
  }
  for (const what of ['startup', 'bounded'] as const) {
    const mode = o[`scan.${what}.mode`];
    const need = (key: 'timestamp-millis' | 'specific-offsets'): void => {
      const name = `scan.${what}.${key}` as const;
      if (o[name] === undefined) throw new MillraceError('MISSING_OPTION', `'${name}' is required in '${mode}' ${what} mode but missing.`, { place });
      if (key === 'specific-offsets' && topics.length !== 1) {
        throw new MillraceError('INVALID_OPTION', `'scan.${what}.mode' = 'specific-offsets' works with a single topic only`, { place });
      }
    };
    if (mode === 'timestamp') need('timestamp-millis');
    if (mode === 'specific-offsets') {
      need('specific-offsets');
      parseSpecificOffsets(`scan.${what}.specific-offsets`, o[`scan.${what}.specific-offsets`] ?? '', place);
    }
    if (mode === 'group-offsets' && o['properties.group.id'] === undefined) {
      throw new MillraceError('MISSING_OPTION', 'Property group.id is required when using committed offset for offsets initializer', {
        place,
        remedy: `Set 'properties.group.id', or another 'scan.${what}.mode' ('group-offsets' is ${what === 'startup' ? 'its default' : 'what it says'}).`,
      });
    }
  }
  const p = propertiesOf(given);
  oneOfProperty(p, 'auto.offset.reset', ['earliest', 'latest', 'none'], 'none', place);
  oneOfProperty(p, 'isolation.level', ['read_uncommitted', 'read_committed'], 'read_uncommitted', place);
  if (booleanProperty(p, 'enable.auto.commit', false, place) && o['properties.group.id'] === undefined) {
    throw new MillraceError('MISSING_OPTION', 'Property group.id is required when offset commit is enabled', {
      place,
      remedy: "Set 'properties.group.id', or leave 'properties.enable.auto.commit' out.",
    });
  }
  checkKey(o, place);
  return o;
}

/** The column that a source reads from the record's key. With 'ALL' it is undefined: the value holds the key columns too, and wins. */
export function sourceKeyField(o: SourceOptions): string | undefined {
  return o['value.fields-include'] === 'except_key' ? topicList(o['key.fields'])[0] : undefined;
}

const RAW_KEY_TYPES = new Set(['CHAR', 'VARCHAR', 'BINARY', 'VARBINARY']);

/** What the key column asks of the table and of its value format. */
export function checkSourceKey(o: SourceOptions, config: SourceConfig, place: ErrorPlace): void {
  const name = sourceKeyField(o);
  if (name === undefined) return;
  const type = [...config.schema.fields, ...(config.tableSchema?.fields ?? [])].find((f) => f.name === name)?.type;
  if (type !== undefined && !RAW_KEY_TYPES.has(type.root)) {
    throw new MillraceError('NOT_SUPPORTED', `the key column '${name}' is ${typeToString(type)}: a 'raw' key is read into STRING and BYTES only`, { place });
  }
  if (config.format?.name !== 'json' || config.format.options['fail-on-missing-field']?.toLowerCase() === 'true') {
    throw new MillraceError(
      'NOT_SUPPORTED',
      "'value.fields-include' = 'EXCEPT_KEY' is supported only with the value format 'json', without 'fail-on-missing-field'",
      { place },
    );
  }
}

/** A sink's key is the bytes of one physical STRING or BYTES column. */
export function checkSinkKey(o: SinkOptions, config: SinkConfig, place: ErrorPlace): void {
  const name = topicList(o['key.fields'])[0];
  if (name === undefined) return;
  const columns = config.schema.fields.filter((_, i) => config.metadata[i] === undefined);
  const column = columns.find((f) => f.name === name);
  if (column === undefined) {
    throw new MillraceError('INVALID_OPTION', `Could not find the field '${name}' in the table schema for usage in the key format.`, {
      place,
      remedy: `A key field must be a regular, physical column: ${columns.map((f) => f.name).join(', ')}.`,
    });
  }
  if (!RAW_KEY_TYPES.has(column.type.root)) {
    throw new MillraceError('NOT_SUPPORTED', `the key column '${name}' is ${typeToString(column.type)}: a 'raw' key is written from STRING and BYTES only`, {
      place,
      remedy: "CAST it to STRING, or use 'upsert-kafka' with 'key.format' = 'json'.",
    });
  }
}

/** How outgoing batches are compressed. */
export function compressionType(p: KafkaProperties, place: ErrorPlace = {}): CompressionType {
  return oneOfProperty(p, 'compression.type', COMPRESSION_TYPES, 'none', place);
}

/** Reads and checks a sink's options. */
export function sinkOptions(given: TextOptions, place: ErrorPlace = {}): SinkOptions {
  const o = readOptions('kafka', SINK_OPTIONS, given, place);
  if (topicList(o.topic).length !== 1) {
    throw new MillraceError(o.topic === undefined ? 'MISSING_OPTION' : 'INVALID_OPTION', "a kafka sink needs the option 'topic' with one topic", { place });
  }
  if (o['sink.delivery-guarantee'] === 'exactly-once') {
    throw new MillraceError('NOT_SUPPORTED', "'sink.delivery-guarantee' = 'exactly-once' needs checkpoints, which do not exist yet", {
      place,
      remedy: "Use 'at-least-once'.",
    });
  }
  const partitioner = o['sink.partitioner'];
  if (!['default', 'fixed', 'round-robin'].includes(partitioner)) {
    throw new MillraceError('NOT_SUPPORTED', `'sink.partitioner' = '${partitioner}': a class of one's own is not supported`, {
      place,
      remedy: "Use 'default', 'fixed' or 'round-robin'.",
    });
  }
  if (partitioner === 'round-robin' && o['key.fields'] !== undefined) {
    throw new MillraceError('INVALID_OPTION', "Currently 'round-robin' partitioner only works when option 'key.fields' is not specified.", { place });
  }
  if (compressionType(propertiesOf(given), place) === 'zstd' && !zstdDeflates) {
    throw new MillraceError('KAFKA_UNSUPPORTED_CODEC', "'properties.compression.type' = 'zstd' is not available", {
      place,
      remedy: "Use Node.js 22.15 or newer, whose zlib has zstd, or 'lz4', 'snappy', 'gzip' or 'none'.",
    });
  }
  if (o['value.fields-include'] === 'except_key') {
    throw new MillraceError('NOT_SUPPORTED', "a sink with 'value.fields-include' = 'EXCEPT_KEY' is not supported yet", { place });
  }
  checkKey(o, place);
  return o;
}

function checkKey(o: Pick<SourceOptions, 'key.format' | 'key.fields' | 'key.fields-prefix' | 'value.fields-include'>, place: ErrorPlace): void {
  const fields = topicList(o['key.fields']);
  if (o['key.format'] === undefined) {
    if (fields.length > 0)
      throw new MillraceError('MISSING_OPTION', "The option 'key.fields' can only be declared if a key format is defined using 'key.format'.", { place });
    return;
  }
  if (fields.length === 0)
    throw new MillraceError('MISSING_OPTION', "A key format 'key.format' requires the declaration of one or more of key fields using 'key.fields'.", { place });
  if (o['key.format'] !== 'raw' || fields.length !== 1) {
    throw new MillraceError('NOT_SUPPORTED', "of key formats only 'raw' with one key field is supported yet", { place });
  }
  const prefix = o['key.fields-prefix'];
  if (prefix !== '' && o['value.fields-include'] !== 'except_key') {
    throw new MillraceError(
      'INVALID_OPTION',
      "A key prefix is not allowed when 'value.fields-include' is 'ALL'. Set it to 'EXCEPT_KEY' instead to avoid field overlaps.",
      { place },
    );
  }
  if (!fields[0].startsWith(prefix)) {
    throw new MillraceError('INVALID_OPTION', `All fields in 'key.fields' must be prefixed with '${prefix}' when option 'key.fields-prefix' is set.`, {
      place,
    });
  }
}
