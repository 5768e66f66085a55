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
