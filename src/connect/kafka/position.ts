/** A partition's position in a snapshot: the next offset to read. Its bytes are JSON, offsets as decimal text (docs/formats/kafka-frame.md). */
export interface KafkaPosition {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly stop?: bigint;
}

export function writePosition(p: KafkaPosition): Uint8Array {
  const plain = { topic: p.topic, partition: p.partition, offset: String(p.offset), ...(p.stop === undefined ? {} : { stop: String(p.stop) }) };
  return new TextEncoder().encode(JSON.stringify(plain));
}

export function readPosition(bytes: Uint8Array): KafkaPosition {
  const p = JSON.parse(new TextDecoder().decode(bytes)) as { topic: string; partition: number; offset: string; stop?: string };
  return { topic: p.topic, partition: p.partition, offset: BigInt(p.offset), ...(p.stop === undefined ? {} : { stop: BigInt(p.stop) }) };
}
