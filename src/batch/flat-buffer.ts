/** A FlatBuffers writer for small read-only messages, front to back: a table's children follow it, so every offset points forward. */

export type FlatValue =
  | { readonly i8: number }
  | { readonly i16: number }
  | { readonly i32: number }
  | { readonly i64: bigint }
  | { readonly text: string }
  | { readonly table: FlatTable }
  | { readonly tables: readonly FlatTable[] }
  /** structs of two int64 */
  | { readonly pairs: readonly (readonly [bigint, bigint])[] };

/** Fields by slot; an absent one has the schema's default. */
export type FlatTable = readonly (FlatValue | undefined)[];

export function flatBuffer(root: FlatTable): Uint8Array {
  const w = new Writer();
  w.i32(0);
  w.patch(0, w.table(root));
  return w.bytes();
}

class Writer {
  #view = new DataView(new ArrayBuffer(1024));
  #at = 0;

  bytes(): Uint8Array {
    this.#align(8);
    return new Uint8Array(this.#view.buffer, 0, this.#at);
  }
  #room(bytes: number): number {
    while (this.#at + bytes > this.#view.byteLength) {
      const bigger = new Uint8Array(this.#view.byteLength * 2);
      bigger.set(new Uint8Array(this.#view.buffer));
      this.#view = new DataView(bigger.buffer);
    }
    const at = this.#at;
    this.#at += bytes;
    return at;
  }
  #align(to: number, then = 0): void {
    this.#room((to - ((this.#at + then) % to)) % to);
  }
  i32(n: number): number {
    const at = this.#room(4);
    this.#view.setInt32(at, n, true);
    return at;
  }
  #i64(n: bigint): void {
    const at = this.#room(8);
    this.#view.setBigInt64(at, n, true);
  }
  /** The offset field at `at` now points to `target`. */
  patch(at: number, target: number): void {
    this.#view.setUint32(at, target - at, true);
  }

  table(fields: FlatTable): number {
    const offsets: number[] = [];
    let size = 4;
    for (const f of fields) {
      const width = f === undefined ? 0 : 'i8' in f ? 1 : 'i16' in f ? 2 : 'i64' in f ? 8 : 4;
      if (width > 0) size = Math.ceil(size / width) * width;
      offsets.push(width === 0 ? 0 : size);
      size += width;
    }
    this.#align(2);
    const vtable = this.#room(4 + 2 * fields.length);
    this.#align(8);
    const table = this.#room(size);
    this.#view.setUint16(vtable, 4 + 2 * fields.length, true);
    this.#view.setUint16(vtable + 2, size, true);
    for (const [i, o] of offsets.entries()) this.#view.setUint16(vtable + 4 + 2 * i, o, true);
    this.#view.setInt32(table, table - vtable, true);
    for (const [i, f] of fields.entries()) if (f !== undefined) this.#field(table + offsets[i], f);
    return table;
  }

  #field(at: number, f: FlatValue): void {
    if ('i8' in f) this.#view.setInt8(at, f.i8);
    else if ('i16' in f) this.#view.setInt16(at, f.i16, true);
    else if ('i32' in f) this.#view.setInt32(at, f.i32, true);
    else if ('i64' in f) this.#view.setBigInt64(at, f.i64, true);
    else if ('text' in f) this.patch(at, this.#text(f.text));
    else if ('table' in f) this.patch(at, this.table(f.table));
    else if ('tables' in f) this.patch(at, this.#tables(f.tables));
    else this.patch(at, this.#pairs(f.pairs));
  }

  #text(text: string): number {
    const utf8 = new TextEncoder().encode(text);
    this.#align(4);
    const start = this.i32(utf8.length);
    const at = this.#room(utf8.length + 1);
    new Uint8Array(this.#view.buffer).set(utf8, at);
    return start;
  }
  #tables(tables: readonly FlatTable[]): number {
    this.#align(4);
    const start = this.i32(tables.length);
    const slots = this.#room(4 * tables.length);
    for (const [i, t] of tables.entries()) this.patch(slots + 4 * i, this.table(t));
    return start;
  }
  #pairs(pairs: readonly (readonly [bigint, bigint])[]): number {
    this.#align(8, 4);
    const start = this.i32(pairs.length);
    for (const [a, b] of pairs) {
      this.#i64(a);
      this.#i64(b);
    }
    return start;
  }
}
