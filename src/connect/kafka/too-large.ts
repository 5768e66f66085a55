import { BATCH_V2_HEADER_BYTES } from '#abi';
import { type ErrorPlace, MillraceError } from '../../base/errors.js';

/** MESSAGE_TOO_LARGE and RECORD_LIST_TOO_LARGE */
const TOO_LARGE: ReadonlySet<number> = new Set([10, 18]);
/** Bytes of a record that a message shows. */
const EXCERPT_BYTES = 120;
/** Bits of a batch's attributes that say how it is compressed. */
const CODEC_MASK = 7;

/** The error of a batch that is larger than the topic takes; undefined for other codes. */
export function tooLarge(code: number, batch: Buffer, place: ErrorPlace): MillraceError | undefined {
  if (!TOO_LARGE.has(code)) return undefined;
  const count = batch.readInt32BE(BATCH_V2_HEADER_BYTES - 4);
  const plain = (batch.readInt16BE(21) & CODEC_MASK) === 0;
  const what = count === 1 ? 'one record' : `${count} records`;
  const raise = `Raise 'max.message.bytes' of the topic (or 'message.max.bytes' of the brokers) above ${batch.length} bytes`;
  return new MillraceError(
    'KAFKA_PROTOCOL',
    `Kafka answered with an error: MESSAGE_TOO_LARGE: a batch of ${what}, ${batch.length} bytes${plain ? '' : ' compressed'}`,
    {
      place: { ...place, ...(count === 1 && plain ? { excerpt: excerptOf(batch) } : {}) },
      remedy: count === 1 ? `${raise}${plain ? ", or set 'properties.compression.type'" : ''}.` : `${raise}, or lower 'properties.batch.size'.`,
    },
  );
}

/** How the batch's first record begins: its key, or without one its value. */
function excerptOf(batch: Buffer): string {
  let at = BATCH_V2_HEADER_BYTES;
  const varint = (): number => {
    let raw = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = batch[at++];
      raw += (byte & 0x7f) * scale;
      if (byte < 0x80) return raw % 2 === 0 ? raw / 2 : -(raw + 1) / 2;
    }
  };
  varint(); // length
  at++; // attributes
  varint(); // time
  varint(); // offset
  const keyBytes = varint();
  if (keyBytes > 0) return `key ${batch.toString('utf8', at, at + Math.min(keyBytes, EXCERPT_BYTES))}`;
  const valueBytes = varint();
  return batch.toString('utf8', at, at + Math.min(Math.max(0, valueBytes), EXCERPT_BYTES));
}
