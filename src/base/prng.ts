/** A small seeded generator (xorshift128+, Vigna 2014): the only randomness the engine uses, so that a seed replays a job. */
export class Prng {
  #a: bigint;
  #b: bigint;
  constructor(seed: number | bigint) {
    let z = BigInt.asUintN(64, BigInt(seed) + 0x9e3779b97f4a7c15n);
    const next = (): bigint => {
      z = BigInt.asUintN(64, z + 0x9e3779b97f4a7c15n);
      let x = z;
      x = BigInt.asUintN(64, (x ^ (x >> 30n)) * 0xbf58476d1ce4e5b9n);
      x = BigInt.asUintN(64, (x ^ (x >> 27n)) * 0x94d049bb133111ebn);
      return x ^ (x >> 31n);
    };
    this.#a = next();
    this.#b = next() | 1n;
  }
  /** Uniform in [0, 2^64). */
  nextU64(): bigint {
    let s1 = this.#a;
    const s0 = this.#b;
    this.#a = s0;
    s1 ^= BigInt.asUintN(64, s1 << 23n);
    this.#b = s1 ^ s0 ^ (s1 >> 18n) ^ (s0 >> 5n);
    return BigInt.asUintN(64, this.#b + s0);
  }
  /** Uniform in [0, 1). */
  next(): number {
    return Number(this.nextU64() >> 11n) / 2 ** 53;
  }
  /** Uniform integer in [0, bound). */
  below(bound: number): number {
    return Math.floor(this.next() * bound);
  }
}

/** A fast 32-bit generator (sfc32, Doty-Humphrey 2010) for bulk data; its four words of state can be kept and put back. */
export class Prng32 {
  readonly #s = new Int32Array(4);
  constructor(seed: number) {
    this.#s[0] = 0x9e3779b9;
    this.#s[1] = 0x243f6a88;
    this.#s[2] = seed;
    this.#s[3] = 1;
    for (let i = 0; i < 15; i++) this.nextU32();
  }
  get state(): number[] {
    return Array.from(this.#s);
  }
  set state(words: readonly number[]) {
    this.#s.set(words.slice(0, 4));
  }
  /** Puts the state's words where a kernel steps them on, and takes them back. */
  store(words: Uint32Array, at: number): void {
    words.set(this.#s, at);
  }
  load(words: Uint32Array, at: number): void {
    this.#s.set(words.subarray(at, at + 4));
  }
  /** Uniform in [0, 2^32). */
  nextU32(): number {
    const s = this.#s;
    const t = (s[0] + s[1] + s[3]) | 0;
    s[3] = (s[3] + 1) | 0;
    s[0] = s[1] ^ (s[1] >>> 9);
    s[1] = (s[2] + (s[2] << 3)) | 0;
    s[2] = (((s[2] << 21) | (s[2] >>> 11)) + t) | 0;
    return t >>> 0;
  }
  /** Uniform in [0, 1), 53 bits. */
  next(): number {
    return ((this.nextU32() >>> 5) * 67108864 + (this.nextU32() >>> 6)) / 9007199254740992;
  }
  /** Uniform in [0, 2^64). */
  nextU64(): bigint {
    return (BigInt(this.nextU32()) << 32n) | BigInt(this.nextU32());
  }
}
