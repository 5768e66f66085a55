/** LEB128, the numbers of WebAssembly's binary format: unsigned and signed 32 bits, signed 64. */

export function uleb(out: number[], n: number): void {
  let v = n >>> 0;
  while (v >= 128) {
    out.push((v & 127) | 128);
    v >>>= 7;
  }
  out.push(v);
}

export function sleb(out: number[], n: number): void {
  let v = n | 0;
  for (;;) {
    const b = v & 127;
    v >>= 7;
    if ((v === 0 && (b & 64) === 0) || (v === -1 && (b & 64) !== 0)) {
      out.push(b);
      return;
    }
    out.push(b | 128);
  }
}

export function sleb64(out: number[], n: bigint): void {
  if (n >= -0x80000000n && n <= 0x7fffffffn) {
    sleb(out, Number(n));
    return;
  }
  let v = n;
  for (;;) {
    const b = Number(v & 127n);
    v >>= 7n;
    if ((v === 0n && (b & 64) === 0) || (v === -1n && (b & 64) !== 0)) {
      out.push(b);
      return;
    }
    out.push(b | 128);
  }
}
