import { MillraceError } from '../../base/errors.js';

export const PRODUCE_API_KEY = 0;
/** Produce versions whose layout this file knows: 3 brought RecordBatch, 4 to 7 changed only the response. */
export const PRODUCE_VERSION_MIN = 3;
export const PRODUCE_VERSION_MAX = 7;

/** A whole record batch for each of some partitions of one topic. */
export interface ProduceRequest {
  readonly topic: string;
  readonly transactionalId: string | undefined;
  /** -1 = all in-sync replicas, 1 = the leader, 0 = nobody answers */
  readonly acks: number;
  readonly timeoutMs: number;
  readonly batches: readonly { readonly partition: number; readonly bytes: Buffer }[];
}

export interface ProduceResponse {
  /** partition -> error code, 0 = taken */
  readonly errors: ReadonlyMap<number, number>;
  readonly throttleTimeMs: number;
}

/** The body of a Produce request, v3 to v7 (kafka.apache.org/protocol): one topic, one batch per partition. The batches are parts as they are. */
export function encodeProduce(r: ProduceRequest): Uint8Array[] {
  const topic = Buffer.from(r.topic);
  const id = r.transactionalId === undefined ? undefined : Buffer.from(r.transactionalId);
  const head = Buffer.allocUnsafe(2 + (id?.length ?? 0) + 2 + 4 + 4 + 2 + topic.length + 4);
  let at = head.writeInt16BE(id?.length ?? -1, 0);
  at += id?.copy(head, at) ?? 0;
  at = head.writeInt16BE(r.acks, at);
  at = head.writeInt32BE(r.timeoutMs, at);
  at = head.writeInt32BE(1, at);
  at = head.writeInt16BE(topic.length, at);
  at += topic.copy(head, at);
  head.writeInt32BE(r.batches.length, at);
  const parts: Uint8Array[] = [head];
  for (const b of r.batches) {
    const partition = Buffer.allocUnsafe(8);
    partition.writeInt32BE(b.partition, 0);
    partition.writeInt32BE(b.bytes.length, 4);
    parts.push(partition, b.bytes);
  }
  return parts;
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
    return { errors, throttleTimeMs: i32() };
  } catch (cause) {
    throw new MillraceError('KAFKA_PROTOCOL', 'a Produce response does not have the layout of its version', { cause });
  }
}
