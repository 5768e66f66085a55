import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ErrorCode, MillraceError } from '#src/base/errors.js';
import { zstdDeflates } from '#src/connect/kafka/deflate.js';
import { connector } from '#src/connect/kafka/index.js';
import { parseSpecificOffsets, sinkOptions, sourceOptions } from '#src/connect/kafka/options.js';
import { splitOwner } from '#src/connect/kafka/plan.js';
import { clientSettings } from '#src/connect/kafka/settings.js';
import type { SinkConfig } from '#src/contract/sink.js';
import { BYTES, INT, STRING } from '#src/types/logical.js';
import { sourceConfig } from './doubles.js';

const base = { topic: 't', 'properties.bootstrap.servers': 'a:9092', 'properties.group.id': 'g' };
const fails = (work: () => unknown, code: ErrorCode, message: RegExp): void =>
  assert.throws(work, (e: MillraceError) => e.code === code && message.test(e.message), `${code} ${message}`);

test("defaults are Flink's", () => {
  const o = sourceOptions(base);
  assert.equal(o['scan.startup.mode'], 'group-offsets');
  assert.equal(o['scan.bounded.mode'], 'unbounded');
  assert.equal(o['scan.topic-partition-discovery.interval'], 300_000);
  const s = sinkOptions(base);
  assert.equal(s['sink.delivery-guarantee'], 'at-least-once');
  assert.equal(s['sink.partitioner'], 'default');
});

test('source options that do not go together are refused, with the reasons Flink gives', () => {
  const { 'properties.group.id': _, ...noGroup } = base;
  const source =
    (more: Record<string, string>, from: Record<string, string> = base) =>
    () =>
      sourceOptions({ ...from, ...more });
  fails(source({}, noGroup), 'MISSING_OPTION', /Property group\.id is required when using committed offset for offsets initializer/);
  fails(source({ 'scan.startup.mode': 'earliest-offset', 'scan.bounded.mode': 'group-offsets' }, noGroup), 'MISSING_OPTION', /group\.id/);
  fails(
    source({ 'scan.startup.mode': 'timestamp' }),
    'MISSING_OPTION',
    /'scan\.startup\.timestamp-millis' is required in 'timestamp' startup mode but missing\./,
  );
  fails(source({ 'scan.startup.mode': 'specific-offsets' }), 'MISSING_OPTION', /'scan\.startup\.specific-offsets' is required/);
  fails(source({ 'scan.bounded.mode': 'timestamp' }), 'MISSING_OPTION', /'scan\.bounded\.timestamp-millis' is required in 'timestamp' bounded mode/);
  fails(source({ 'scan.startup.mode': 'specific-offsets', 'scan.startup.specific-offsets': 'partition:0' }), 'INVALID_OPTION', /partition:0/);
  fails(source({ 'scan.startup.mode': 'newest' }), 'INVALID_OPTION', /newest/);
  fails(source({ 'scan.startup.mod': 'x' }), 'UNKNOWN_OPTION', /Did you mean 'scan\.startup\.mode'/);
  fails(source({ 'topic-pattern': 'a.*' }), 'INVALID_OPTION', /either 'topic' or 'topic-pattern'/);
  fails(source({ topic: '' }), 'MISSING_OPTION', /either/);
  fails(source({ 'key.fields': 'k' }), 'MISSING_OPTION', /key\.format/);
  fails(source({ 'key.format': 'json', 'key.fields': 'k' }), 'NOT_SUPPORTED', /raw/);
  const key = { 'key.format': 'raw', 'key.fields': 'k' };
  fails(source({ ...key, 'key.fields-prefix': 'k' }), 'INVALID_OPTION', /key prefix is not allowed/);
  fails(source({ ...key, 'key.fields-prefix': 'x', 'value.fields-include': 'EXCEPT_KEY' }), 'INVALID_OPTION', /must be prefixed with 'x'/);
  const except = { ...base, ...key, 'value.fields-include': 'EXCEPT_KEY' };
  fails(() => connector.checkSource?.({ ...sourceConfig(except), format: { name: 'csv', options: {} } }, {}), 'NOT_SUPPORTED', /json/);
  fails(() => connector.checkSink?.({ options: except } as unknown as SinkConfig, {}), 'NOT_SUPPORTED', /EXCEPT_KEY/);
  fails(source({ 'properties.auto.offset.reset': 'first' }), 'INVALID_OPTION', /auto\.offset\.reset/);
  fails(() => sourceOptions({ topic: 't' }), 'MISSING_OPTION', /bootstrap\.servers/);
});

test('sink options that cannot be kept are refused', () => {
  const sink = (more: Record<string, string>) => () => connector.checkSink?.({ options: { ...base, ...more } } as unknown as SinkConfig, {});
  fails(sink({ 'sink.delivery-guarantee': 'exactly-once' }), 'NOT_SUPPORTED', /checkpoints/);
  fails(sink({ 'sink.partitioner': 'org.example.Mine' }), 'NOT_SUPPORTED', /org\.example\.Mine/);
  fails(sink({ 'sink.partitioner': 'round-robin', 'key.format': 'raw', 'key.fields': 'k' }), 'INVALID_OPTION', /round-robin/);
  if (!zstdDeflates) fails(sink({ 'properties.compression.type': 'zstd' }), 'KAFKA_UNSUPPORTED_CODEC', /zstd/);
  fails(sink({ topic: 'a;b' }), 'INVALID_OPTION', /one topic/);
  sink({ 'properties.compression.type': 'gzip', 'sink.partitioner': 'fixed' })();
});

test("a sink's key is a physical column of text or bytes", () => {
  const fields = [
    { name: 'k', type: STRING() },
    { name: 'b', type: BYTES() },
    { name: 'n', type: INT() },
    { name: 'm', type: STRING() },
  ];
  const keyed = (name: string) => () =>
    connector.checkSink?.(
      {
        options: { ...base, 'key.format': 'raw', 'key.fields': name },
        schema: { fields },
        metadata: [undefined, undefined, undefined, 'x'],
      } as unknown as SinkConfig,
      {},
    );
  keyed('k')();
  keyed('b')();
  fails(keyed('n'), 'NOT_SUPPORTED', /'n' is INT/);
  fails(keyed('m'), 'INVALID_OPTION', /Could not find the field 'm'/);
  fails(keyed('K'), 'INVALID_OPTION', /Could not find the field 'K'/);
});

test('specific offsets by partition', () => {
  assert.deepEqual(
    [...parseSpecificOffsets('o', 'partition:0,offset:42;partition:1,offset:300', {})],
    [
      [0, 42n],
      [1, 300n],
    ],
  );
});

test('connection properties become settings', () => {
  const s = clientSettings({
    'bootstrap.servers': 'a:1, b:2',
    'security.protocol': 'SASL_SSL',
    'sasl.mechanism': 'SCRAM-SHA-256',
    'sasl.jaas.config': 'org.apache.kafka.common.security.scram.ScramLoginModule required username="me" password="a \\"b\\";c";',
  });
  assert.deepEqual(s.servers, ['a:1', 'b:2']);
  assert.deepEqual(s.sasl, { mechanism: 'scram-sha-256', username: 'me', password: 'a "b";c' });
  assert.deepEqual(s.tls, { ca: undefined, verifyHost: true });
  const pem = { 'ssl.truststore.certificates': 'CA', 'ssl.keystore.key': 'KEY', 'ssl.keystore.certificate.chain': 'CHAIN', 'ssl.key.password': 'pw' };
  const ssl = { 'bootstrap.servers': 'a:1', 'security.protocol': 'SSL', 'ssl.endpoint.identification.algorithm': '' };
  assert.deepEqual(clientSettings({ ...ssl, ...pem }).tls, { ca: 'CA', key: 'KEY', cert: 'CHAIN', passphrase: 'pw', verifyHost: false });
  fails(() => clientSettings({ ...ssl, 'ssl.truststore.location': '/none/ca.pem' }), 'FILE_READ', /ca\.pem/);
  fails(() => clientSettings({ ...ssl, 'ssl.keystore.location': '/none', 'ssl.keystore.type': 'BCFKS' }), 'INVALID_OPTION', /BCFKS/);
  const dir = mkdtempSync(join(tmpdir(), 'millrace-'));
  const store = (bytes: number[], type?: string) => {
    const path = join(dir, 'client.store');
    writeFileSync(path, Uint8Array.from(bytes));
    return () => clientSettings({ ...ssl, 'ssl.keystore.location': path, ...(type === undefined ? {} : { 'ssl.keystore.type': type }) });
  };
  for (const bytes of [[], [0x31], [0xfe, 0xed, 0xfe]]) fails(store(bytes), 'INVALID_OPTION', /client\.store/);
  fails(store([0xfe, 0xed, 0xfe, 0xed, 0, 0]), 'NOT_SUPPORTED', /JKS/);
  fails(store([1], 'JKS'), 'NOT_SUPPORTED', /JKS/);
  assert.deepEqual(store([0x30, 0x82])().tls?.pfx, Buffer.from([0x30, 0x82]));
  rmSync(dir, { recursive: true });
  fails(() => clientSettings({ 'bootstrap.servers': 'nohost' }), 'INVALID_OPTION', /bootstrap\.servers/);
  fails(() => clientSettings({ 'bootstrap.servers': 'a:1', 'security.protocol': 'SASL_PLAINTEXT', 'sasl.mechanism': 'GSSAPI' }), 'NOT_SUPPORTED', /GSSAPI/);
  fails(() => clientSettings({ 'bootstrap.servers': 'a:1', 'request.timeout.ms': 'soon' }), 'INVALID_OPTION', /request\.timeout\.ms/);
  fails(() => connector.checkSource?.(sourceConfig({ ...base, 'properties.bootstrap.servers': 'x' }), {}), 'INVALID_OPTION', /bootstrap/);
});

test("a partition's subtask is the one Flink gives it to", () => {
  // ((topic.hashCode() * 31) & 0x7FFFFFFF) % n + partition, modulo n; "orders".hashCode() is -1008770331 in Java
  const start = (Math.imul(-1008770331, 31) & 0x7fffffff) % 4;
  assert.deepEqual(
    [0, 1, 2, 3, 4].map((p) => splitOwner('orders', p, 4)),
    [0, 1, 2, 3, 4].map((p) => (start + p) % 4),
  );
});
