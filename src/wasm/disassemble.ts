import * as op from './opcodes.js';

const TYPES: Readonly<Record<number, string>> = { [op.I32]: 'i32', [op.I64]: 'i64', [op.F32]: 'f32', [op.F64]: 'f64', [op.V128]: 'v128', [op.VOID]: '' };
const { NAMES, FC_NAMES } = names();

/** Opcode names in the text format, from the constants' own names: I32_LOAD8_U -> i32.load8_u. */
function names(): { NAMES: Map<number, string>; FC_NAMES: Map<number, string> } {
  const plain = new Map<number, string>();
  const fc = new Map<number, string>();
  for (const [key, code] of Object.entries(op)) {
    if (/^(I32|I64|F32|F64|V128|VOID)$/.test(key)) continue;
    const name = key.replace(/^FC_/, '').toLowerCase();
    const text = name.replace(/^(i32|i64|f32|f64|local|global|memory)_/, '$1.');
    if (key.startsWith('FC_')) fc.set(code, text);
    else plain.set(code, text);
  }
  return { NAMES: plain, FC_NAMES: fc };
}

class Reader {
  at = 0;
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
  u8(): number {
    return this.bytes[this.at++];
  }
  uleb(): number {
    let v = 0;
    for (let shift = 0; ; shift += 7) {
      const b = this.u8();
      v += (b & 127) * 2 ** shift;
      if (b < 128) return v;
    }
  }
  sleb(): bigint {
    let v = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const b = this.u8();
      v |= BigInt(b & 127) << shift;
      if (b < 128) return (b & 64) === 0 ? v : v - (1n << (shift + 7n));
    }
  }
  name(): string {
    const n = this.uleb();
    this.at += n;
    return new TextDecoder().decode(this.bytes.subarray(this.at - n, this.at));
  }
  f32(): number {
    this.at += 4;
    return this.#view.getFloat32(this.at - 4, true);
  }
  f64(): number {
    this.at += 8;
    return this.#view.getFloat64(this.at - 8, true);
  }
}

/** The functions of an emitted module as text, one instruction a line, for EXPLAIN. Understands what the encoder writes. */
export function disassemble(bytes: Uint8Array): string {
  const r = new Reader(bytes);
  r.at = 8;
  const functions: string[] = [];
  const exported = new Map<number, string>();
  const lines: string[] = [];
  while (r.at < bytes.length) {
    const id = r.u8();
    const end = r.uleb() + r.at;
    if (id === 2) readImports(r, functions);
    else if (id === 7) readExports(r, exported);
    else if (id === 10) readCode(r, functions, exported, lines);
    r.at = end;
  }
  return lines.join('\n');
}

function readImports(r: Reader, functions: string[]): void {
  for (let n = r.uleb(); n > 0; n--) {
    const name = `${r.name()}.${r.name()}`;
    if (r.u8() === 0) {
      r.uleb();
      functions.push(name);
    } else {
      r.u8();
      r.uleb();
      r.uleb();
    }
  }
}

function readExports(r: Reader, exported: Map<number, string>): void {
  for (let n = r.uleb(); n > 0; n--) {
    const name = r.name();
    const kind = r.u8();
    const index = r.uleb();
    if (kind === 0) exported.set(index, name);
  }
}

function readCode(r: Reader, functions: string[], exported: Map<number, string>, lines: string[]): void {
  const imports = functions.length;
  const count = r.uleb();
  for (let i = 0; i < count; i++) {
    const end = r.uleb() + r.at;
    lines.push(`func ${exported.get(imports + i) ?? `$${i}`}`);
    for (let runs = r.uleb(); runs > 0; runs--) {
      const n = r.uleb();
      lines.push(`  local ${n} ${TYPES[r.u8()]}`);
    }
    let depth = 1;
    while (r.at < end) {
      const code = r.u8();
      if (code === op.END || code === op.ELSE) depth--;
      if (depth > 0) lines.push('  '.repeat(depth) + instruction(r, code, functions));
      if (code === op.BLOCK || code === op.LOOP || code === op.IF || code === op.ELSE) depth++;
    }
  }
}

function instruction(r: Reader, code: number, functions: readonly string[]): string {
  if (code === 0xfc) {
    const second = r.uleb();
    const operands = second === op.FC_MEMORY_INIT || second === op.FC_MEMORY_COPY ? 2 : second === op.FC_MEMORY_FILL ? 1 : 0;
    r.at += operands;
    return FC_NAMES.get(second) ?? `0xfc ${second}`;
  }
  const name = NAMES.get(code) ?? `0x${code.toString(16)}`;
  switch (code) {
    case op.BLOCK:
    case op.LOOP:
    case op.IF:
      return `${name} ${TYPES[r.u8()]}`.trimEnd();
    case op.CALL: {
      const index = r.uleb();
      return `${name} ${functions[index] ?? index}`;
    }
    case op.I32_CONST:
    case op.I64_CONST:
      return `${name} ${r.sleb()}`;
    case op.F32_CONST:
      return `${name} ${r.f32()}`;
    case op.F64_CONST:
      return `${name} ${r.f64()}`;
    case op.BR:
    case op.BR_IF:
    case op.LOCAL_GET:
    case op.LOCAL_SET:
    case op.LOCAL_TEE:
    case op.GLOBAL_GET:
    case op.GLOBAL_SET:
      return `${name} ${r.uleb()}`;
    default: {
      if (code < op.I32_LOAD || code > op.I32_STORE16) return name;
      r.uleb();
      const offset = r.uleb();
      return offset === 0 ? name : `${name} offset=${offset}`;
    }
  }
}
