import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { MillraceError } from '#src/base/errors.js';
import { createClient } from '#src/connect/kafka/client-internals.js';
import { clientSettings } from '#src/connect/kafka/settings.js';
import { RunningSource, sourceConfig } from '../connect/kafka/doubles.js';
import { type Broker, freePorts, kafkaMissing, startBroker } from './broker.js';
import { RunningSink } from './running-sink.js';

const PASSWORD = 'store-secret';
const dir = mkdtempSync(join(tmpdir(), 'millrace-tls-'));
after(() => rmSync(dir, { recursive: true, force: true }));
const file = (name: string): string => join(dir, name);

function keytool(...args: string[]): void {
  execFileSync('keytool', [...args, '-storepass', PASSWORD, '-noprompt'], { stdio: ['ignore', 'ignore', 'pipe'] });
}

/** A key of its own with a certificate signed by itself, `<name>.p12` and `<name>.pem`. */
function identity(name: string, host: string): void {
  const san = ['-ext', `SAN=${host}`];
  const key = ['-keyalg', 'RSA', '-keysize', '2048', '-validity', '2', '-dname', `CN=${name}`];
  keytool('-genkeypair', '-alias', name, ...key, ...san, '-storetype', 'PKCS12', '-keystore', file(`${name}.p12`));
  keytool('-exportcert', '-rfc', '-alias', name, '-keystore', file(`${name}.p12`), '-file', file(`${name}.pem`));
}

const jaas = (module: string, more: string): string => `org.apache.kafka.common.security.${module} required ${more};`;
const plain = (password: string): string => jaas('plain.PlainLoginModule', `username="ada" password="${password}"`);
const scram = jaas('scram.ScramLoginModule', 'username="ada" password="ada-secret"');

/** kafkajs's admin makes the topic over the plain listener; what is tested goes over the secured ones. */
describe('a real Kafka broker with TLS and SASL', {
  skip: kafkaMissing() ?? (process.env.KAFKA_BROKERS === undefined ? undefined : 'needs a broker of its own'),
}, () => {
  let broker: Broker;
  let ports: Record<'SSL' | 'SASL_PLAINTEXT' | 'SASL_SSL', number>;
  let topics = 0;

  before(async () => {
    identity('broker', 'ip:127.0.0.1,dns:localhost');
    identity('client', 'dns:client');
    keytool('-importcert', '-alias', 'client', '-file', file('client.pem'), '-storetype', 'PKCS12', '-keystore', file('trust.p12'));
    keytool('-importcert', '-alias', 'broker', '-file', file('broker.pem'), '-storetype', 'JKS', '-keystore', file('trust.jks'));
    const [SSL, SASL_PLAINTEXT, SASL_SSL] = await freePorts(3);
    ports = { SSL, SASL_PLAINTEXT, SASL_SSL };
    const sasl = (listener: string): Record<string, string> => ({
      [`listener.name.${listener}.plain.sasl.jaas.config`]: jaas('plain.PlainLoginModule', 'user_ada="ada-secret"'),
      [`listener.name.${listener}.scram-sha-256.sasl.jaas.config`]: jaas('scram.ScramLoginModule', ''),
      [`listener.name.${listener}.scram-sha-512.sasl.jaas.config`]: jaas('scram.ScramLoginModule', ''),
    });
    broker = await startBroker({
      listeners: ports,
      properties: {
        'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
        ...sasl('sasl_plaintext'),
        ...sasl('sasl_ssl'),
        'ssl.keystore.type': 'PKCS12',
        'ssl.keystore.location': file('broker.p12'),
        'ssl.keystore.password': PASSWORD,
        'ssl.truststore.type': 'PKCS12',
        'ssl.truststore.location': file('trust.p12'),
        'ssl.truststore.password': PASSWORD,
        'listener.name.ssl.ssl.client.auth': 'required',
      },
      format: ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((m) => ['--add-scram', `${m}=[name=ada,password=ada-secret]`]),
    });
  });
  after(async () => {
    await RunningSource.stopAll();
    await broker?.close();
  });

  const newTopic = async (): Promise<string> => {
    const admin = createClient(clientSettings({ 'bootstrap.servers': broker.servers }), 5).admin();
    await admin.connect();
    const topic = `secured-${process.pid}-${topics++}`;
    await admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions: 1 }] });
    await admin.disconnect();
    return topic;
  };
  const over = (protocol: keyof typeof ports, properties: Record<string, string>, host = '127.0.0.1'): Record<string, string> => {
    const all = { 'bootstrap.servers': `${host}:${ports[protocol]}`, 'security.protocol': protocol, ...properties };
    return Object.fromEntries(Object.entries(all).map(([k, v]) => [`properties.${k}`, v]));
  };
  const READ = { 'scan.startup.mode': 'earliest-offset', 'scan.bounded.mode': 'latest-offset' };
  const read = async (options: Record<string, string>): Promise<string[]> => {
    const source = await RunningSource.start(sourceConfig({ ...options, ...READ }, []));
    try {
      return (await source.until()).map((r) => r.value);
    } finally {
      await source.stop();
    }
  };
  const failure = async (options: Record<string, string>): Promise<MillraceError> => {
    const topic = await newTopic();
    const quick = { 'properties.default.api.timeout.ms': '3000', 'properties.socket.connection.setup.timeout.ms': '3000' };
    return read({ topic, ...quick, ...options }).then(
      () => assert.fail('did not fail'),
      (e) => {
        assert.ok(e instanceof MillraceError, String(e));
        return e;
      },
    );
  };
  const trust = { 'ssl.truststore.type': 'PEM', 'ssl.truststore.location': file('broker.pem') };
  const me = { 'ssl.keystore.type': 'PKCS12', 'ssl.keystore.location': file('client.p12'), 'ssl.keystore.password': PASSWORD };

  const ways: [string, () => Record<string, string>][] = [
    ['SSL with a client certificate', () => over('SSL', { ...trust, ...me })],
    ['SASL_PLAINTEXT, PLAIN', () => over('SASL_PLAINTEXT', { 'sasl.mechanism': 'PLAIN', 'sasl.jaas.config': plain('ada-secret') })],
    ['SASL_PLAINTEXT, SCRAM-SHA-256', () => over('SASL_PLAINTEXT', { 'sasl.mechanism': 'SCRAM-SHA-256', 'sasl.jaas.config': scram })],
    ['SASL_SSL, PLAIN', () => over('SASL_SSL', { ...trust, 'sasl.mechanism': 'PLAIN', 'sasl.jaas.config': plain('ada-secret') })],
    ['SASL_SSL, SCRAM-SHA-512', () => over('SASL_SSL', { ...trust, 'sasl.mechanism': 'SCRAM-SHA-512', 'sasl.jaas.config': scram })],
    [
      'SASL_SSL, the host is not verified',
      () => over('SASL_SSL', { ...trust, 'ssl.endpoint.identification.algorithm': '', 'sasl.mechanism': 'PLAIN', 'sasl.jaas.config': plain('ada-secret') }),
    ],
  ];
  for (const [name, options] of ways) {
    test(`${name}: what is written is read`, async () => {
      const topic = await newTopic();
      // several batches and buffers, longer than one TLS record
      const rows = Array.from({ length: 3000 }, (_, i) => `${i} ${'x'.repeat(i % 400)}`);
      const sink = await RunningSink.start({ topic, ...options() });
      for (let i = 0; i < rows.length; i += 1000) await sink.write(rows.slice(i, i + 1000).map((v) => [v, null, 1000n]));
      await sink.finish();
      await sink.close();
      assert.deepEqual(await read({ topic, ...options() }), rows);
    });
  }

  test('a wrong password, and a certificate that nobody vouches for, are named', async () => {
    const wrong = await failure(over('SASL_SSL', { ...trust, 'sasl.mechanism': 'PLAIN', 'sasl.jaas.config': plain('guess') }));
    assert.equal(wrong.code, 'KAFKA_PROTOCOL');
    assert.match(wrong.message, /[Aa]uthentication failed/);
    assert.match(wrong.message, /properties\.sasl/);
    const unknown = await failure(over('SASL_SSL', { 'sasl.mechanism': 'PLAIN', 'sasl.jaas.config': plain('ada-secret') }));
    assert.match(unknown.message, /self.signed certificate/);
    assert.match(unknown.message, /ssl\.truststore/);
    const nobody = await failure(over('SSL', trust));
    assert.match(nobody.message, /certificate|ssl\.keystore/i);
  });

  test('a trust store that Node cannot read is refused with the way out', async () => {
    for (const [store, type] of [
      ['trust.jks', 'JKS'],
      ['trust.p12', 'PKCS12'],
      ['trust.jks', undefined],
    ]) {
      const typed: Record<string, string> = type === undefined ? {} : { 'ssl.truststore.type': type };
      const e = await failure(
        over('SASL_SSL', { 'ssl.truststore.location': file(store ?? ''), ...typed, 'sasl.mechanism': 'PLAIN', 'sasl.jaas.config': plain('x') }),
      );
      assert.equal(e.code, 'NOT_SUPPORTED');
      assert.match(e.message, /keytool -list -rfc/);
    }
  });
});
