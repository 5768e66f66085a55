import { readFileSync } from 'node:fs';
import { type ErrorPlace, MillraceError } from '../../base/errors.js';
import { KAFKA_CONNECT_TIMEOUT_MS } from '../../base/limits.js';

/** Kafka's own client properties, by Kafka's names (the part after `properties.`). Those millrace does not know are ignored, as Kafka's client does. */
export type KafkaProperties = Readonly<Record<string, string>>;

export interface SaslSettings {
  readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
  readonly username: string;
  readonly password: string;
}

export interface TlsSettings {
  /** certificates to trust, PEM; absent: those Node trusts */
  readonly ca?: string;
  /** who we are: PEM, or a PKCS12 store */
  readonly cert?: string;
  readonly key?: string;
  readonly pfx?: Buffer;
  readonly passphrase?: string;
  /** the broker's certificate must name its host */
  readonly verifyHost: boolean;
}

/** What a connection needs to know. */
export interface ClientSettings {
  readonly servers: readonly string[];
  readonly clientId: string;
  readonly tls?: TlsSettings;
  readonly sasl?: SaslSettings;
  readonly requestTimeoutMs: number;
  /** how long a cluster may take to answer for the first time */
  readonly connectTimeoutMs: number;
  /** how long an unreachable cluster is tried before the job fails */
  readonly apiTimeoutMs: number;
}

/** Reads the connection's properties. Fails with INVALID_OPTION or NOT_SUPPORTED. */
export function clientSettings(p: KafkaProperties, place: ErrorPlace = {}): ClientSettings {
  const protocol = (p['security.protocol'] ?? 'PLAINTEXT').toUpperCase();
  if (!['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'].includes(protocol)) {
    throw invalid('security.protocol', protocol, 'PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL', place);
  }
  return {
    servers: bootstrapServers(p, place),
    clientId: p['client.id'] ?? 'millrace',
    ...(protocol.endsWith('SSL') ? { tls: tlsSettings(p, place) } : {}),
    ...(protocol.startsWith('SASL') ? { sasl: saslSettings(p, place) } : {}),
    connectTimeoutMs: intProperty(p, 'socket.connection.setup.timeout.ms', KAFKA_CONNECT_TIMEOUT_MS, place),
    requestTimeoutMs: intProperty(p, 'request.timeout.ms', 30_000, place),
    apiTimeoutMs: intProperty(p, 'default.api.timeout.ms', 60_000, place),
  };
}

function bootstrapServers(p: KafkaProperties, place: ErrorPlace): string[] {
  const servers = (p['bootstrap.servers'] ?? '')
    .split(',')
    .map((s) => s.trim())
    .filter((s) => s !== '');
  for (const s of servers) if (!/^[^:\s/]+:\d{1,5}$/.test(s)) throw invalid('bootstrap.servers', s, "a list such as 'host1:9092,host2:9092'", place);
  if (servers.length === 0) {
    throw new MillraceError('MISSING_OPTION', "kafka needs the option 'properties.bootstrap.servers'", {
      place,
      remedy: "Give 'host:port' of one broker or more.",
    });
  }
  return servers;
}

/** Stores as Kafka names them: PEM text, or as a key store PKCS12. The JDK's own JKS, and PKCS12 as a trust store, are beyond Node. */
function tlsSettings(p: KafkaProperties, place: ErrorPlace): TlsSettings {
  return {
    ca: p['ssl.truststore.certificates'] ?? trustStore(p, place),
    ...keyStore(p, place),
    verifyHost: (p['ssl.endpoint.identification.algorithm'] ?? 'https') !== '',
  };
}

function trustStore(p: KafkaProperties, place: ErrorPlace): string | undefined {
  const location = p['ssl.truststore.location'];
  if (location === undefined) return undefined;
  const type = storeType(p, 'ssl.truststore', place);
  const text = storeBytes(p, 'ssl.truststore', place).toString('latin1');
  if (type === 'PEM' || (type === undefined && text.includes(PEM_MARK))) return text;
  throw new MillraceError(
    'NOT_SUPPORTED',
    `'properties.ssl.truststore.location' = '${location}' is no PEM file: JKS and PKCS12 trust stores are not supported yet`,
    {
      place,
      remedy: `Export its certificates (keytool -list -rfc -keystore ${location} > ca.pem) and give that file, with 'properties.ssl.truststore.type' = 'PEM'.`,
    },
  );
}

function keyStore(p: KafkaProperties, place: ErrorPlace): Partial<TlsSettings> {
  const passphrase = p['ssl.key.password'] ?? p['ssl.keystore.password'];
  const secret = passphrase === undefined ? {} : { passphrase };
  if (p['ssl.keystore.key'] !== undefined) return { key: p['ssl.keystore.key'], cert: p['ssl.keystore.certificate.chain'], ...secret };
  const location = p['ssl.keystore.location'];
  if (location === undefined) return {};
  const type = storeType(p, 'ssl.keystore', place);
  const bytes = storeBytes(p, 'ssl.keystore', place);
  const text = bytes.toString('latin1');
  if (type === 'PEM' || (type === undefined && text.includes(PEM_MARK))) return { key: text, cert: text, ...secret };
  if (bytes.subarray(0, 4).equals(JKS_MAGIC) || (type === 'JKS' && bytes[0] !== DER_SEQUENCE)) {
    throw new MillraceError('NOT_SUPPORTED', `'properties.ssl.keystore.location' = '${location}': JKS key stores are not supported yet`, {
      place,
      remedy: `Convert it: keytool -importkeystore -srckeystore ${location} -destkeystore client.p12 -deststoretype PKCS12; then 'properties.ssl.keystore.type' = 'PKCS12'.`,
    });
  }
  if (bytes[0] !== DER_SEQUENCE) throw invalid('ssl.keystore.location', location, 'a PEM or PKCS12 file', place);
  return { pfx: bytes, ...secret };
}

const PEM_MARK = '-----BEGIN ';
const JKS_MAGIC = Buffer.from([0xfe, 0xed, 0xfe, 0xed]);
/** A PKCS12 file is one ASN.1 sequence. */
const DER_SEQUENCE = 0x30;

/** Undefined when it is not given: then the file says. */
function storeType(p: KafkaProperties, store: string, place: ErrorPlace): string | undefined {
  const type = p[`${store}.type`]?.toUpperCase();
  if (type !== undefined && !['PEM', 'PKCS12', 'JKS'].includes(type)) throw invalid(`${store}.type`, type, 'PEM, PKCS12 or JKS', place);
  return type;
}

function storeBytes(p: KafkaProperties, store: string, place: ErrorPlace): Buffer {
  const path = p[`${store}.location`];
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new MillraceError('FILE_READ', `'properties.${store}.location' = '${path}' cannot be read`, { place, cause });
  }
}

function saslSettings(p: KafkaProperties, place: ErrorPlace): SaslSettings {
  const mechanism = (p['sasl.mechanism'] ?? 'GSSAPI').toLowerCase();
  if (mechanism !== 'plain' && mechanism !== 'scram-sha-256' && mechanism !== 'scram-sha-512') {
    throw new MillraceError('NOT_SUPPORTED', `'properties.sasl.mechanism' = '${p['sasl.mechanism'] ?? 'GSSAPI'}' is not supported yet`, {
      place,
      remedy: 'Use PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512.',
    });
  }
  const jaas = p['sasl.jaas.config'] ?? '';
  const field = (name: string): string | undefined => {
    const m = new RegExp(`\\b${name}\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|'([^']*)'|([^\\s;]+))`).exec(jaas);
    return m === null ? undefined : (m[1]?.replace(/\\(.)/g, '$1') ?? m[2] ?? m[3]);
  };
  const username = field('username');
  const password = field('password');
  if (username === undefined || password === undefined) {
    throw new MillraceError('INVALID_OPTION', "'properties.sasl.jaas.config' has no username and password", {
      place,
      remedy: 'Give it as Kafka does: \'org.apache.kafka.common.security.plain.PlainLoginModule required username="..." password="...";\'.',
    });
  }
  return { mechanism, username, password };
}

export function intProperty(p: KafkaProperties, key: string, fallback: number, place: ErrorPlace = {}): number {
  const text = p[key];
  if (text === undefined) return fallback;
  if (!/^\d+$/.test(text.trim())) throw invalid(key, text, 'a whole number', place);
  return Number(text);
}

export function booleanProperty(p: KafkaProperties, key: string, fallback: boolean, place: ErrorPlace = {}): boolean {
  const text = p[key]?.trim().toLowerCase();
  if (text === undefined) return fallback;
  if (text !== 'true' && text !== 'false') throw invalid(key, text, "'true' or 'false'", place);
  return text === 'true';
}

export function oneOfProperty<T extends string>(p: KafkaProperties, key: string, values: readonly T[], fallback: T, place: ErrorPlace = {}): T {
  const text = p[key]?.trim().toLowerCase();
  if (text === undefined) return fallback;
  const found = values.find((v) => v === text);
  if (found === undefined) throw invalid(key, text, values.join(', '), place);
  return found;
}

function invalid(key: string, value: string, expected: string, place: ErrorPlace): MillraceError {
  return new MillraceError('INVALID_OPTION', `'${value}' is not valid for 'properties.${key}'`, { place, remedy: `Give ${expected}.` });
}
