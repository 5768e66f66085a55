import { MillraceError } from '../../base/errors.js';
import type { ProduceRequest } from './client-internals.js';

/** Produce versions whose layout this file knows: 3 brought RecordBatch, 4 to 7 changed only the response. */
export const PRODUCE_VERSION_MIN = 3;
export const PRODUCE_VERSION_MAX = 7;

export interface ProduceResponse {
  /** partition -> error code, 0 = taken */
  readonly errors: ReadonlyMap<number, number>;
  readonly clientSideThrottleTime: number;
}

/** The body of a Produce request, v3 to v7 (kafka.apache.org/protocol): no transaction, one topic, one batch per partition. */
export function encodeProduce(r: ProduceRequest): Buffer {
  const topic = Buffer.from(r.topic);
  const out = Buffer.allocUnsafe(2 + 2 + 4 + 4 + 2 + topic.length + 4 + r.batches.reduce((n, b) => n + 8 + b.bytes.length, 0));
  let at = out.writeInt16BE(-1, 0); // transactional id: none
  at = out.writeInt16BE(r.acks, at);
  at = out.writeInt32BE(r.timeoutMs, at);
  at = out.writeInt32BE(1, at);
  at = out.writeInt16BE(topic.length, at);
  at += topic.copy(out, at);
  at = out.writeInt32BE(r.batches.length, at);
  for (const b of r.batches) {
    at = out.writeInt32BE(b.partition, at);
    at = out.writeInt32BE(b.bytes.length, at);
    at += b.bytes.copy(out, at);
  }
  return out;
}

/** The response to it. */
export function decodeProduceResponse(payload: Buffer, version: number): ProduceResponse {
  let at = 0;
  const i32 = (): number => {
    at += 4;
    return payload.readInt32BE(at - 4);
  };
  const errors = new Map<number, number>();
  try {
    for (let topics = i32(); topics > 0; topics--) {
      at += 2 + payload.readInt16BE(at);
      for (let n = i32(); n > 0; n--) {
        const partition = i32();
        errors.set(partition, payload.readInt16BE(at));
        at += 2 + 8 + 8 + (version >= 5 ? 8 : 0); // base offset, append time, log start offset
      }
    }
    return { errors, clientSideThrottleTime: version >= 6 ? i32() : 0 };
  } catch (cause) {
    throw new MillraceError('KAFKA_PROTOCOL', 'a Produce response does not have the layout of its version', { cause });
  }
}
