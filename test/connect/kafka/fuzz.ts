import assert from 'node:assert/strict';
import { MillraceError } from '#src/base/errors.js';
import { Prng } from '#src/base/prng.js';
import { RecordCursor } from '#src/connect/kafka/record-cursor.js';
import { Engine } from '#src/wasm/engine.js';
import { decodeModel, type ModelEnd } from './batch-model.js';
import { batchBytes, concat, crc32cModel, EMPTY_BATCH, recordBytes, type TestRecord } from './batches.js';

const GUARD = 64;
const CAPACITY = 16;
const NO_STOP = 2n ** 63n - 1n;
const PAGE = 64 << 10;
/** Numbers that stand where lengths and counts stand when something is wrong. */
const EVIL = [0, 1, -1, 2 ** 31 - 1, -(2 ** 31), 48, 49, 50, 61, 0x7fff, 0xffff, 256, -2];
/** Offsets of u32 fields in a batch's header: base offset, length, leader epoch, CRC, last offset delta, base time, max time, count. */
const FIELDS = [0, 4, 8, 12, 17, 23, 27, 31, 35, 39, 57];
const CODES: Readonly<Record<string, ModelEnd[]>> = { KAFKA_CORRUPT_BATCH: ['corrupt', 'magic'], KAFKA_UNSUPPORTED_CODEC: ['codec'] };

function bytesOf(prng: Prng, max: number): Uint8Array {
  return Uint8Array.from({ length: prng.below(max + 1) }, () => (prng.below(3) === 0 ? prng.below(256) : 97));
}

/** Batches as producers write them: plain, snappy, lz4, control, LogAppendTime, gaps, with keys and headers or without. */
function corpus(engine: Engine, prng: Prng): Uint8Array[] {
  const { kernels } = engine;
  const table = engine.alloc(1 << 15);
  return Array.from({ length: 200 }, () => {
    let offset = BigInt(prng.below(1000));
    const batches = Array.from({ length: 1 + prng.below(3) }, () => {
      let delta = -1;
      const records = Array.from({ length: prng.below(8) }, (): TestRecord => {
        delta += 1 + (prng.below(6) === 0 ? prng.below(300) : 0);
        return {
          key: prng.below(3) === 0 ? null : bytesOf(prng, 20),
          value: prng.below(8) === 0 ? null : bytesOf(prng, 90),
          timeDelta: BigInt(prng.below(100_000)) - 50_000n,
          offsetDelta: delta,
          headers: Array.from({ length: prng.below(3) }, () => ['h', prng.below(2) === 0 ? null : bytesOf(prng, 6)] as const),
        };
      });
      const codec = [0, 0, 2, 3][prng.below(4)];
      const lastOffsetDelta = Math.max(0, delta) + prng.below(2);
      const attributes = codec | [0, 0, 8, 16, 48][prng.below(5)];
      const batch = { ...EMPTY_BATCH, baseOffset: offset, baseTime: 1_700_000_000_000n, maxTime: 1_700_000_000_500n, attributes, lastOffsetDelta, records };
      offset += BigInt(lastOffsetDelta) + 1n;
      const plain = Uint8Array.from(records.flatMap(recordBytes));
      if (codec === 0 || plain.length === 0) return batchBytes({ ...batch, attributes: attributes & ~7 });
      const src = engine.alloc(plain.length);
      engine.u8.set(plain, src);
      const [max, deflate] = codec === 2 ? [kernels.snappyBytesMax, kernels.snappyDeflate] : [kernels.lz4BytesMax, kernels.lz4Deflate];
      const most = max(plain.length);
      const dst = engine.alloc(most);
      const n = deflate(src, plain.length, dst, table);
      const bytes = batchBytes(batch, engine.u8.slice(dst, dst + n));
      engine.free(src, plain.length);
      engine.free(dst, most);
      return bytes;
    });
    return concat(batches);
  });
}

/** Where batches begin, as far as their lengths can be followed. */
function starts(b: Uint8Array): number[] {
  const v = new DataView(b.buffer, b.byteOffset, b.length);
  const out: number[] = [];
  for (let at = 0; at + 61 <= b.length; ) {
    const length = v.getInt32(at + 8);
    if (length < 49 || length > b.length - at - 12) break;
    out.push(at);
    at += 12 + length;
  }
  return out;
}

function mutate(prng: Prng, whole: Uint8Array): Uint8Array {
  let b: Uint8Array = Uint8Array.from(whole);
  const mostly = starts(b);
  for (let n = 1 + prng.below(4); n > 0 && b.length > 1; n--) {
    const at = prng.below(b.length);
    const v = new DataView(b.buffer, b.byteOffset, b.length);
    switch (prng.below(8)) {
      case 0:
        b[at] ^= 1 << prng.below(8);
        break;
      case 1:
        b[at] = [0, 1, 127, 128, 255, prng.below(256)][prng.below(6)];
        break;
      case 2:
        b = b.slice(0, at);
        break;
      case 3:
        b = concat([b.subarray(0, at), b.subarray(Math.min(b.length, at + 1 + prng.below(20)))]);
        break;
      case 4:
        b = concat([b.subarray(0, at), b.subarray(at, at + prng.below(40)), b.subarray(at)]);
        break;
      case 5: {
        const field = mostly[prng.below(mostly.length || 1)] + FIELDS[prng.below(FIELDS.length)];
        if (field + 4 <= b.length) v.setInt32(field, EVIL[prng.below(EVIL.length)]);
        break;
      }
      case 6:
        b[Math.min(b.length - 1, (mostly[prng.below(mostly.length || 1)] ?? 0) + 22)] = prng.below(64); // attributes
        break;
      default: // behind a header, where varints, tags and lengths are
        b[Math.min(b.length - 1, (mostly[prng.below(mostly.length || 1)] ?? 0) + 61 + prng.below(24))] = prng.below(256);
    }
  }
  return b;
}

/** Makes the CRCs right again, so that damage reaches what lies behind the check. */
function mendCrc(b: Uint8Array): void {
  const v = new DataView(b.buffer, b.byteOffset, b.length);
  for (const at of starts(b)) v.setUint32(at + 17, crc32cModel(b.subarray(at + 21, at + 12 + v.getInt32(at + 8))));
}

/** The kernel's decoder with its outputs between guards, and its input at the very end of memory: a read behind it traps. */
class Subject {
  readonly #engine = new Engine();
  readonly #guards: number[] = [];
  readonly #cursor: RecordCursor;
  #memoryBytes = 0;

  constructor() {
    const engine = this.#engine;
    this.#guard();
    this.#cursor = new RecordCursor(engine, { capacity: CAPACITY, keys: true, headers: true, keepNulls: true });
    this.#guard();
    // Inflated bytes have their largest block from now on, so that memory grows no more.
    const greedy = batchBytes(
      { ...EMPTY_BATCH, attributes: 2, records: [{ key: null, value: null, timeDelta: 0n, offsetDelta: 0, headers: [] }] },
      varint((128 << 20) - 100),
    );
    assert.equal(this.read(greedy, true).code, 'KAFKA_CORRUPT_BATCH');
  }

  get engine(): Engine {
    return this.#engine;
  }

  #guard(): void {
    const p = this.#engine.alloc(GUARD);
    this.#engine.u8.fill(0xa5, p, p + GUARD);
    this.#guards.push(p);
  }

  /** Lines of all rows, and the code of the error if there was one. */
  read(data: Uint8Array, checkCrc: boolean): { rows: string[]; code: string | undefined } {
    const engine = this.#engine;
    if (engine.memory.buffer.byteLength !== this.#memoryBytes) {
      engine.memory.grow(1);
      this.#memoryBytes = engine.memory.buffer.byteLength;
    }
    assert.ok(data.length <= PAGE);
    const p = this.#memoryBytes - data.length;
    engine.u8.set(data, p);
    this.#cursor.reset(p, p + data.length, 0n, NO_STOP, checkCrc);
    const rows: string[] = [];
    const slice = (array: number, i: number): Uint8Array | null => {
      const ptr = engine.u32[(array >> 2) + 2 * i];
      return ptr === 0 ? null : engine.u8.subarray(ptr, ptr + engine.u32[(array >> 2) + 2 * i + 1]);
    };
    for (let calls = 0; ; calls++) {
      assert.ok(calls <= data.length + 1, 'no progress');
      let n: number;
      try {
        n = this.#cursor.next({});
      } catch (e) {
        assert.ok(e instanceof MillraceError, `${e}`);
        this.#check();
        return { rows, code: e.code };
      }
      if (n === 0) break;
      for (let i = 0; i < n; i++) {
        const [offset, time] = [engine.i64[(this.#cursor.offsets >> 3) + i], engine.i64[(this.#cursor.times >> 3) + i]];
        rows.push(line(offset, time, slice(this.#cursor.keys, i), slice(this.#cursor.values, i)));
      }
    }
    this.#check();
    return { rows, code: undefined };
  }

  #check(): void {
    const { u8 } = this.#engine;
    for (const g of this.#guards) for (let i = 0; i < GUARD; i++) if (u8[g + i] !== 0xa5) assert.fail('the decoder wrote outside of its outputs');
  }
}

function varint(n: number): Uint8Array {
  const out: number[] = [];
  for (; n > 127; n = Math.floor(n / 128)) out.push((n & 127) | 128);
  return Uint8Array.from([...out, n]);
}

function line(offset: bigint, time: bigint, key: Uint8Array | null, value: Uint8Array | null): string {
  const text = (b: Uint8Array | null): string => (b === null ? '-' : Buffer.from(b.buffer, b.byteOffset, b.length).toString('latin1'));
  return `${offset} ${time} ${text(key)} ${text(value)}`;
}

export interface FuzzResult {
  readonly count: number;
  /** inputs by how they ended */
  readonly ends: Readonly<Record<string, number>>;
  readonly rows: number;
}

/**
 * Mutates batches `count` times and compares the kernel with the model: the same rows, the same end. Fails with the seed and the bytes.
 * A third of the inputs keep a CRC that no longer holds, a third are read without CRCs, the others have right ones.
 */
export function fuzzBatches(count: number, seed: number, progress?: (done: number) => void): FuzzResult {
  const prng = new Prng(seed);
  const inputs = corpus(new Engine(), prng);
  const subject = new Subject();
  const ends: Record<string, number> = {};
  let rows = 0;
  for (let k = 0; k < count; k++) {
    const data = mutate(prng, inputs[prng.below(inputs.length)]);
    const how = prng.below(3);
    if (how === 0) mendCrc(data);
    const checkCrc = how !== 1;
    const where = (): string => `seed ${seed}, input ${k}, CRC ${checkCrc ? 'checked' : 'not checked'}: ${Buffer.from(data).toString('hex')}`;
    let got: { rows: string[]; code: string | undefined };
    try {
      got = subject.read(data, checkCrc);
    } catch (e) {
      throw new Error(where(), { cause: e });
    }
    const want = decodeModel(data, checkCrc);
    assert.deepEqual(
      got.rows,
      want.rows.map((r) => line(r.offset, r.time, r.key, r.value)),
      where(),
    );
    assert.ok((CODES[got.code ?? ''] ?? ['empty', 'partial']).includes(want.end), `${got.code}, but the model ends ${want.end}: ${where()}`);
    ends[want.end] = (ends[want.end] ?? 0) + 1;
    rows += want.rows.length;
    if (k % 100_000 === 99_999) progress?.(k + 1);
  }
  return { count, ends, rows };
}
