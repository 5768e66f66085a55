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

/** A fast 32-bit generator (sfc32, Doty-Humphrey 2010) for bulk data; kernels step its four words of state on (assembly/random.ts). */
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
}
