import { type ErrorPlace, MillraceError } from '../../base/errors.js';

interface ClientError extends Error {
  readonly type?: string;
  readonly code?: string | number;
  readonly retriable?: boolean;
  readonly broker?: string;
}

/** What lies under kafkajs's retry wrappers. */
function innermost(e: unknown): ClientError {
  let error = e as ClientError;
  for (let depth = 0; depth < 8 && !(error instanceof MillraceError) && error?.cause instanceof Error; depth++) error = error.cause as ClientError;
  return error;
}

/** Kafka's name of a protocol error ('UNKNOWN_TOPIC_OR_PARTITION'), or undefined. */
export function protocolErrorType(e: unknown): string | undefined {
  return innermost(e)?.type;
}

/** No answer from a broker, or an answer that a later try may better: connections, elections, timeouts. */
export function isTransient(e: unknown): boolean {
  if (e instanceof MillraceError) return false;
  const inner = innermost(e);
  if (inner instanceof MillraceError) return false;
  return isUnreachable(inner) || inner.retriable === true || (inner.name ?? '').startsWith('KafkaJSBrokerNotFound');
}

/** Like `isTransient`, for a topic that was there before: a broker that has just started may not know it yet. */
export function mayPass(e: unknown): boolean {
  return isTransient(e) || (e instanceof MillraceError && e.code === 'KAFKA_UNKNOWN_TOPIC');
}

function isUnreachable(e: ClientError): boolean {
  return (
    /^KafkaJS(Connection|ConnectionClosed|RequestTimeout|LockTimeout)Error$|^KafkaJSLockTimeout$/.test(e.name ?? '') ||
    ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EHOSTUNREACH', 'ENETUNREACH', 'EAI_AGAIN'].includes(String(e.code))
  );
}

/** Certificates, keys and versions that do not fit: by OpenSSL's and Node's codes. */
export function isTlsFailure(e: unknown): boolean {
  return /^ERR_(TLS|SSL)_|^EPROTO$|CERT|SELF_SIGNED|^UNABLE_TO_/.test(String((e as ClientError).code ?? ''));
}

/** Any failure of the client as a MillraceError: KAFKA_UNREACHABLE with the addresses, else KAFKA_PROTOCOL with what the broker said. */
export function kafkaError(e: unknown, servers: readonly string[], place: ErrorPlace = {}): MillraceError {
  if (e instanceof MillraceError) return e;
  const inner = innermost(e);
  if (inner instanceof MillraceError) return Object.keys(inner.place).length > 0 ? inner : placedAt(inner, place);
  if (isTlsFailure(inner)) {
    return new MillraceError('KAFKA_PROTOCOL', `TLS with ${servers.join(', ')} failed: ${inner.message}`, {
      place,
      cause: e,
      remedy: "Check 'properties.security.protocol', 'properties.ssl.truststore.*' (whom to trust) and 'properties.ssl.keystore.*' (who you are).",
    });
  }
  if (isUnreachable(inner)) return unreachable(servers, place, inner);
  const what = inner.type === undefined ? inner.message : `${inner.type}: ${inner.message}`;
  return new MillraceError('KAFKA_PROTOCOL', `Kafka answered with an error: ${what}`, {
    place,
    cause: e,
    remedy: /AUTHENTICATION|SASL/i.test(`${inner.name} ${inner.type}`) ? "Check 'properties.security.protocol' and 'properties.sasl.*'." : '',
  });
}

/** What came from an address is not what a Kafka broker says. No other try would mend that. */
export function notKafka(address: string, what: string, cause?: unknown): MillraceError {
  const error = new MillraceError('KAFKA_PROTOCOL', `what ${address} answers is not Kafka's protocol: ${what}`, {
    cause,
    remedy: "Check that a Kafka broker listens there, and that 'properties.security.protocol' is its listener's.",
  });
  return Object.assign(error, { retriable: false }); // kafkajs would try again
}

/** The same failure at a place that is known better. */
export function placedAt(e: MillraceError, place: ErrorPlace): MillraceError {
  const said = e.message.split('\n')[0];
  return new MillraceError(e.code, said, { place: { ...e.place, ...place }, remedy: e.remedy, cause: e.cause });
}

export function unreachable(servers: readonly string[], place: ErrorPlace, cause?: unknown): MillraceError {
  const why = cause instanceof Error ? ` (${cause.message})` : '';
  return new MillraceError('KAFKA_UNREACHABLE', `no Kafka broker answers at ${servers.join(', ')}${why}`, {
    place,
    cause,
    remedy: "Check 'properties.bootstrap.servers', and that the addresses the brokers advertise can be reached from here.",
  });
}
