/** Metadata v10, the first version with the ids of topics (KIP-516), for the ids alone. */
export const METADATA_API_KEY = 3;
export const METADATA_IDS_VERSION = 10;

const ID_BYTES = 16;
const NO_ID = '0'.repeat(2 * ID_BYTES);

/** The request behind the client id: with the header's own tagged fields, of which there are none. */
export function encodeTopicIdsRequest(topics: readonly string[]): Buffer {
  const names = topics.map((t) => {
    const name = Buffer.from(t);
    return Buffer.concat([Buffer.alloc(ID_BYTES), uvarint(name.length + 1), name, uvarint(0)]);
  });
  // no topic is to be created, nobody's rights are asked for, no tagged fields
  return Buffer.concat([uvarint(0), uvarint(topics.length + 1), ...names, Buffer.alloc(4)]);
}

function uvarint(value: number): Buffer {
  const out: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest >>>= 7) out.push((rest & 0x7f) | 0x80);
  out.push(rest);
  return Buffer.from(out);
}

/** Ids by topic, as hexadecimal text, of those topics that are there; what does not have the layout throws a RangeError. */
export function decodeTopicIds(payload: Buffer): Map<string, string> {
  const r = new CompactReader(payload);
  const out = new Map<string, string>();
  r.tags(); // the header's
  r.skip(4); // throttle time
  r.array(() => {
    r.skip(4);
    r.text();
    r.skip(4);
    r.text();
    r.tags();
  });
  r.text(); // cluster
  r.skip(4); // controller
  r.array(() => {
    const error = r.i16();
    const name = r.text();
    const id = r.bytes(ID_BYTES).toString('hex');
    r.skip(1); // internal
    r.array(() => {
      r.skip(2 + 3 * 4); // error, number, leader, its epoch
      for (let lists = 0; lists < 3; lists++) r.array(() => r.skip(4));
      r.tags();
    });
    r.skip(4); // rights
    r.tags();
    if (error === 0 && id !== NO_ID) out.set(name, id);
  });
  return out;
}

/** Kafka's compact types (KIP-482). */
class CompactReader {
  readonly #b: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#b = bytes;
  }
  skip(n: number): void {
    if (n > this.#b.length - this.#at) throw new RangeError('a Metadata response does not have the layout of its version');
    this.#at += n;
  }
  bytes(n: number): Buffer {
    this.skip(n);
    return this.#b.subarray(this.#at - n, this.#at);
  }
  i16(): number {
    return this.bytes(2).readInt16BE();
  }
  uvarint(): number {
    let value = 0;
    for (let scale = 1; scale <= 2 ** 28; scale *= 128) {
      const byte = this.bytes(1)[0];
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    throw new RangeError('a number of a Metadata response is too long');
  }
  /** Null is ''. */
  text(): string {
    return this.bytes(Math.max(0, this.uvarint() - 1)).toString();
  }
  array(element: () => void): void {
    const length = Math.max(0, this.uvarint() - 1);
    if (length > this.#b.length - this.#at) throw new RangeError('a list of a Metadata response is too long');
    for (let i = 0; i < length; i++) element();
  }
  tags(): void {
    for (let n = this.uvarint(); n > 0; n--) {
      this.uvarint();
      this.skip(this.uvarint());
    }
  }
}
