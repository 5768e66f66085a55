import { setOwn } from '../base/own.js';
import type { Batch } from '../batch/batch.js';
import type { ElementReader } from '../batch/element.js';
import { KeyHasher, keyGroupOf } from '../batch/hash.js';
import type { KeyConfig } from '../contract/closure-nodes.js';
import type { OperatorContext } from '../contract/operator.js';

/** Map key by which equal keys are one: primitives are themselves, structures a canonical text. */
export function keyId(key: unknown): unknown {
  if (typeof key !== 'object' || key === null) return key;
  return `\u0000${canonical(key)}`;
}

function canonical(v: unknown): string {
  if (v === null) return 'z';
  switch (typeof v) {
    case 'string':
      return `s${v.length}:${v}`;
    case 'object':
      break;
    default:
      return `${(typeof v)[0]}${typeof v === 'symbol' ? '' : String(v)};`;
  }
  if (v instanceof Date) return `D${v.getTime()};`;
  if (v instanceof Uint8Array) return `B${v.join(',')};`;
  if (Array.isArray(v)) return `[${v.map(canonical).join('')}]`;
  const o = v as Record<string, unknown>;
  return `{${Object.keys(o)
    .sort()
    .map((k) => canonical(k) + canonical(o[k]))
    .join('')}}`;
}

/** A hash of any key, the same in every process: FNV-1a over UTF-16 units, finished as MurmurHash3. Int32. */
export function hashOfKey(key: unknown): number {
  const text = canonical(key);
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** The user's function that computes keys, if one does. */
export function keyFunction(ctx: OperatorContext, config: KeyConfig): ((value: unknown) => unknown) | undefined {
  return config.closure === undefined ? undefined : (ctx.closures[config.closure] as (value: unknown) => unknown);
}

/** Keys and key groups of a batch's rows. */
export class BatchKeys {
  readonly #ctx: OperatorContext;
  readonly #config: KeyConfig;
  readonly #reader: ElementReader;
  readonly #hasher: KeyHasher;
  readonly #fn: ((value: unknown) => unknown) | undefined;
  #hashes = 0;
  #room = 0;

  constructor(ctx: OperatorContext, config: KeyConfig, reader: ElementReader) {
    this.#ctx = ctx;
    this.#config = config;
    this.#reader = reader;
    this.#hasher = new KeyHasher(ctx.engine, ctx.inputs[0], config.keys);
    this.#fn = keyFunction(ctx, config);
  }

  bind(batch: Batch): void {
    if (batch.selCount > this.#room) {
      this.#room = Math.max(batch.capacity, batch.selCount);
      this.#hashes = this.#ctx.engine.alloc(this.#room * 4);
    }
    this.#hasher.hash(batch, this.#hashes);
  }

  /** Key group of the k-th row of the selection that was bound. */
  group(k: number): number {
    return keyGroupOf(this.#ctx.engine.u32[(this.#hashes >>> 2) + k], this.#ctx.maxParallelism);
  }

  key(row: number): unknown {
    if (this.#fn !== undefined) return this.#fn(this.#reader.get(row));
    const { keys, names } = this.#config;
    if (keys.length === 1) return this.#reader.field(keys[0], row);
    const key: Record<string, unknown> = {};
    keys.forEach((leaf, i) => {
      setOwn(key, names![i], this.#reader.field(leaf, row));
    });
    return key;
  }
}
