import { type ErrorPlace, MillraceError } from '../../base/errors.js';

/** Errors of one partition in a Fetch or Produce response (kafka.apache.org/protocol#protocol_error_codes): name, and whether new metadata may mend it. */
const ERRORS: Readonly<Record<number, readonly [name: string, retriable: boolean]>> = {
  1: ['OFFSET_OUT_OF_RANGE', false],
  2: ['CORRUPT_MESSAGE', false],
  3: ['UNKNOWN_TOPIC_OR_PARTITION', true],
  5: ['LEADER_NOT_AVAILABLE', true],
  6: ['NOT_LEADER_OR_FOLLOWER', true],
  7: ['REQUEST_TIMED_OUT', true],
  9: ['REPLICA_NOT_AVAILABLE', true],
  10: ['MESSAGE_TOO_LARGE', false],
  13: ['NETWORK_EXCEPTION', true],
  18: ['RECORD_LIST_TOO_LARGE', false],
  19: ['NOT_ENOUGH_REPLICAS', true],
  20: ['NOT_ENOUGH_REPLICAS_AFTER_APPEND', true],
  29: ['TOPIC_AUTHORIZATION_FAILED', false],
  32: ['INVALID_TIMESTAMP', false],
  45: ['OUT_OF_ORDER_SEQUENCE_NUMBER', false],
  47: ['INVALID_PRODUCER_EPOCH', false],
  56: ['KAFKA_STORAGE_ERROR', true],
  59: ['UNKNOWN_PRODUCER_ID', false],
  74: ['FENCED_LEADER_EPOCH', true],
  75: ['UNKNOWN_LEADER_EPOCH', true],
  78: ['OFFSET_NOT_AVAILABLE', true],
  87: ['INVALID_RECORD', false],
  100: ['UNKNOWN_TOPIC_ID', true],
};

/** The broker has the batch already: an earlier try arrived, its answer did not. */
export const DUPLICATE_SEQUENCE = 46;

/** A batch whose predecessor the broker does not have. */
export const OUT_OF_ORDER_SEQUENCE = 45;

/** What an error code of a response means. */
export function protocolError(code: number, place: ErrorPlace): { retriable: boolean; error: MillraceError } {
  const [name, retriable] = ERRORS[code] ?? [`error code ${code}`, false];
  const error =
    code === 1
      ? new MillraceError('KAFKA_OFFSET', 'the offset to read is not in the partition any more', {
          place,
          remedy: "Set 'properties.auto.offset.reset' to 'earliest' or 'latest', or lengthen the topic's retention.",
        })
      : new MillraceError('KAFKA_PROTOCOL', `Kafka answered with an error: ${name}`, { place });
  return { retriable, error };
}
