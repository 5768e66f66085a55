import { E_NONE, E_PATTERN, ERR_CODE } from '#abi';
import { type Clock, systemClock } from '../base/clock.js';
import type { JavaPattern } from '../regex/index.js';
import { DECIMAL_OPS, DECIMAL_ROUNDING } from './layout.js';
import type { Engine, HostFunctions } from './engine.js';
import { compileTimestampParser, parseStandardTimestamp, type TimestampParser } from './timestampparser.js';

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const encoder = new TextEncoder();

declare module './engine.js' {
  interface Kernels {
    arenaAlloc(arena: number, bytes: number): number;
    arenaReset(arena: number): void;
    arenaFree(arena: number): void;
  }
}

type RegexModule = typeof import('../regex/index.js');
let regex: RegexModule | undefined;
/** Patterns kept compiled: those of a script, and of a column of patterns the last ones. */
const PATTERNS_MAX = 256;

/** Loads what the host functions of a module need and few jobs have: before it is linked. */
export async function loadHostParts(module: WebAssembly.Module): Promise<void> {
  if (WebAssembly.Module.imports(module).some((i) => i.name === 'regexpExtract')) await loadRegex();
}
export async function loadRegex(): Promise<void> {
  regex ??= await import('../regex/index.js');
}

/** What emitted modules import under "host": for what is rare, or needs JavaScript's libraries, and the clock. Signatures: HOST_SIGNATURES. */
export function hostFunctions(engine: Engine, clock: Clock = systemClock): HostFunctions {
  const read = (ptr: number, length: number): string => decoder.decode(engine.u8.subarray(ptr >>> 0, (ptr >>> 0) + length));
  const write = (arena: number, s: string): bigint => {
    const bytes = encoder.encode(s);
    const p = engine.kernels.arenaAlloc(arena, bytes.length) >>> 0;
    if (p <= 4096) return 0n; // no memory: the error slot says so
    engine.u8.set(bytes, p);
    return (BigInt(bytes.length) << 32n) | BigInt(p);
  };
  const storeDecimal = (out: number, v: bigint, precision: number): number => {
    const limit = 10n ** BigInt(precision);
    if (v >= limit || v <= -limit) return 0;
    const at = (out >>> 0) >>> 3;
    const i64 = engine.i64;
    i64[at] = BigInt.asIntN(64, v);
    i64[at + 1] = v >> 64n;
    return 1;
  };
  const storeDouble = (out: number, v: number): number => {
    engine.f64[(out >>> 0) >>> 3] = v;
    return 1;
  };
  const patterns = new Map<string, JavaPattern | undefined>();
  const parsers = new Map<string, TimestampParser>();
  const parserOf = (pattern: string): TimestampParser => {
    const known = parsers.get(pattern);
    if (known !== undefined) return known;
    const parser = compileTimestampParser(pattern);
    parsers.set(pattern, parser);
    return parser;
  };

  return {
    upper: (arena: number, p: number, n: number): bigint => write(arena, read(p, n).toUpperCase()),
    lower: (arena: number, p: number, n: number): bigint => write(arena, read(p, n).toLowerCase()),
    repairText: (arena: number, p: number, n: number): bigint => write(arena, read(p, n)),
    regexpExtract: (arena: number, p: number, n: number, pp: number, pn: number, group: number): bigint => {
      const source = read(pp, pn);
      let pattern = patterns.get(source);
      if (pattern === undefined && !patterns.has(source)) {
        if (patterns.size === PATTERNS_MAX) patterns.clear();
        pattern = (regex as RegexModule).javaPattern(source);
        patterns.set(source, pattern);
      }
      try {
        const text = pattern?.group(read(p, n), group);
        return text === undefined ? -1n : write(arena, text);
      } catch (e) {
        if (!(e instanceof (regex as RegexModule).PatternLimit)) throw e;
        if (engine.u32[ERR_CODE >>> 2] === E_NONE) engine.u32[ERR_CODE >>> 2] = E_PATTERN;
        return -1n;
      }
    },
    decimalOp: (how: number, al: bigint, ah: bigint, sa: number, bl: bigint, bh: bigint, sb: number, precision: number, scale: number, out: number): number => {
      const a = wide(al, ah);
      const b = wide(bl, bh);
      if (b === 0n && how >= DECIMAL_OPS.div) {
        engine.kernels.divisionByZero();
        return 0;
      }
      return storeDecimal(out, decimalArithmetic(how, a, sa, b, sb, scale), precision);
    },
    decimalRound: (how: number, low: bigint, high: bigint, from: number, digits: number, precision: number, scale: number, out: number): number =>
      storeDecimal(out, rescale(roundAt(wide(low, high), from, digits, how), from, scale), precision),
    decimalToDouble: (low: bigint, high: bigint, scale: number, out: number): number => storeDouble(out, Number(`${wide(low, high)}e-${scale}`)),
    doubleToDecimal: (v: number, precision: number, scale: number, out: number): number => {
      const d = parseDecimal(String(v));
      return d === undefined ? 0 : storeDecimal(out, rescale(d.unscaled, d.scale, scale), precision);
    },
    parseTimestamp: (p: number, n: number, pp: number, pn: number, out: number): number => {
      const ms = (pn < 0 ? parseStandardTimestamp : parserOf(read(pp, pn)))(read(p, n));
      if (ms === undefined) return 0;
      engine.i64[(out >>> 0) >>> 3] = BigInt(ms);
      return 1;
    },
    pow: (a: number, b: number): number => a ** b,
    exp: (a: number): number => Math.exp(a),
    ln: (a: number): number => Math.log(a),
    log10: (a: number): number => Math.log10(a),
    roundDouble: (v: number, digits: number, out: number): number => {
      const d = parseDecimal(String(v));
      return storeDouble(out, d === undefined ? v : Number(`${roundAt(d.unscaled, d.scale, digits, DECIMAL_ROUNDING.round)}e${-d.scale}`));
    },
    fmod: (a: number, b: number): number => a % b,
    readClock: clockReader(engine, clock),
  } as HostFunctions;
}

/** Writes microseconds through memory: an i64 result would be a BigInt for every row. */
function clockReader(engine: Engine, clock: Clock): (out: number) => void {
  return (out) => {
    const at = (out >>> 0) >>> 2;
    const us = clock.nowMs() * 1000;
    const { u32 } = engine;
    u32[at] = us % 2 ** 32;
    u32[at + 1] = us / 2 ** 32;
  };
}

declare module './engine.js' {
  interface Kernels {
    divisionByZero(): void;
  }
}

const wide = (low: bigint, high: bigint): bigint => (high << 64n) | BigInt.asUintN(64, low);

/** From one scale to another, HALF_UP (away from zero). */
export function rescale(v: bigint, from: number, to: number): bigint {
  return to >= from ? v * 10n ** BigInt(to - from) : halfUp(v, 10n ** BigInt(from - to));
}

function halfUp(v: bigint, unit: bigint): bigint {
  const q = v / unit;
  const r = v % unit;
  if (r < 0n ? -2n * r >= unit : 2n * r >= unit) return v < 0n ? q - 1n : q + 1n;
  return q;
}

/** A decimal rounded at `digits` after the point, in its own scale. */
function roundAt(v: bigint, scale: number, digits: number, how: number): bigint {
  if (digits >= scale) return v;
  const unit = 10n ** BigInt(scale - digits);
  if (how === DECIMAL_ROUNDING.round) return halfUp(v, unit) * unit;
  const r = v % unit;
  if (r === 0n) return v;
  if (how === DECIMAL_ROUNDING.floor) return r < 0n ? v - r - unit : v - r;
  return r > 0n ? v - r + unit : v - r;
}

function decimalArithmetic(how: number, a: bigint, sa: number, b: bigint, sb: number, scale: number): bigint {
  const s = Math.max(sa, sb);
  const x = rescale(a, sa, s);
  const y = rescale(b, sb, s);
  switch (how) {
    case DECIMAL_OPS.add:
      return rescale(x + y, s, scale);
    case DECIMAL_OPS.sub:
      return rescale(x - y, s, scale);
    case DECIMAL_OPS.mul:
      return rescale(a * b, sa + sb, scale);
    case DECIMAL_OPS.mod:
      return rescale(x % y, s, scale);
    default:
      return divide(x, y, scale);
  }
}

/** x / y first to 38 significant digits, then to `scale`, both HALF_UP: BigDecimal.divide with MathContext(38), then setScale. */
function divide(x: bigint, y: bigint, scale: number): bigint {
  if (x === 0n) return 0n;
  const [ax, ay] = [x < 0n ? -x : x, y < 0n ? -y : y];
  let places = 38 - (ax.toString().length - ay.toString().length);
  const quotient = (): bigint => (places >= 0 ? halfUp(ax * 10n ** BigInt(places), ay) : halfUp(ax, ay * 10n ** BigInt(-places)));
  let q = quotient();
  if (q >= 10n ** 38n) {
    places--;
    q = quotient();
  }
  const r = places >= 0 ? rescale(q, places, scale) : q * 10n ** BigInt(scale - places);
  return x < 0n !== y < 0n ? -r : r;
}

/** '12.5e1' as an unscaled integer and a scale; undefined when it is no number. */
export function parseDecimal(text: string): { unscaled: bigint; scale: number } | undefined {
  const m = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,9}))?$/.exec(text);
  if (m === null || (m[2] === '' && (m[3] ?? '') === '')) return undefined;
  const fraction = m[3] ?? '';
  const unscaled = BigInt(m[1] === '-' ? `-${m[2]}${fraction}` : `${m[2]}${fraction}`);
  const scale = fraction.length - Number(m[4] ?? 0);
  if (scale > 4000 || scale < -4000) return unscaled === 0n || scale > 0 ? { unscaled: 0n, scale: 0 } : undefined;
  return scale < 0 ? { unscaled: unscaled * 10n ** BigInt(-scale), scale: 0 } : { unscaled, scale };
}
