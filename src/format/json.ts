import { BATCH_ROWS, F_DECIMAL, F_ROW } from '#abi';
import { type ErrorPlace, MillraceError } from '../base/errors.js';
import { RECORD_BYTES_MAX } from '../base/limits.js';
import type { Format, RecordDecoder, RecordEncoder } from '../contract/format.js';
import { option, optionKind, type OptionValues, readOptions, type TextOptions } from '../contract/options.js';
import type { Leaf } from '../types/leaf.js';
import type { Engine } from '../wasm/engine.js';
import { allocated, KernelDecoder } from './decoder.js';
import { KernelEncoder, leafEnds, pinText } from './encoder.js';
import { fieldKind } from './fields.js';
import { ShapeReaders } from './json-shapes.js';

declare module '../wasm/engine.js' {
  interface Kernels {
    jsonObject(fields: number): number;
    jsonField(object: number, name: number, length: number, leaf: number, child: number): void;
    jsonRoot(x: number, object: number): void;
    jsonLearn(x: number): number;
    jsonLines(x: number, ptr: number, end: number, batch: number): number;
    jsonSlices(x: number, slices: number, count: number, batch: number, rowSlice: number): number;
    jsonWrite(w: number, batch: number, lines: number): number;
  }
}

/** Flink's options of the json format. One table can be read and written, so both sides know them all. */
const options = {
  'fail-on-missing-field': option(optionKind.boolean, 'fail when a declared field is absent', false),
  'ignore-parse-errors': option(optionKind.boolean, 'NULL for fields that do not convert; skip and count records that do not parse', false),
  'timestamp-format.standard': option(optionKind.oneOf('sql', 'iso-8601'), "'SQL' (yyyy-MM-dd HH:mm:ss.SSS) or 'ISO-8601' (with T)", 'sql'),
  'map-null-key.mode': option(optionKind.oneOf('fail', 'drop', 'literal'), 'what to do with NULL keys of maps', 'fail'),
  'map-null-key.literal': option(optionKind.string, "the key written for NULL when 'map-null-key.mode' is 'LITERAL'", 'null'),
  'encode.decimal-as-plain-number': option(optionKind.boolean, 'write decimals without an exponent', false),
  'encode.ignore-null-fields': option(optionKind.boolean, 'leave out fields that are NULL', false),
  'decode.json-parser.enabled': option(optionKind.boolean, "Flink's choice of parser; both read the same here", true),
} as const;

export type JsonOptions = OptionValues<typeof options>;

function check(given: TextOptions, place: ErrorPlace): JsonOptions {
  const o = readOptions("format 'json'", options, given, place);
  if (o['fail-on-missing-field'] && o['ignore-parse-errors']) {
    throw new MillraceError('INVALID_OPTION', "'json.fail-on-missing-field' and 'json.ignore-parse-errors' shouldn't both be true", {
      place,
      remedy: 'Set one of them to false.',
    });
  }
  return o;
}

/** A JSON object of the projection: its fields by name, each a leaf column, a nested object, or both (a ROW). */
interface ObjectNode {
  leaf: number;
  isRow: boolean;
  readonly fields: Map<string, ObjectNode>;
}

class JsonDecoder extends KernelDecoder {
  readonly #shapes: ShapeReaders | undefined;

  constructor(engine: Engine, o: JsonOptions, leaves: readonly Leaf[]) {
    super('json', engine, leaves, o['ignore-parse-errors']);
    const k = engine.kernels;
    const kinds = leaves.map((leaf) => fieldKind('json', leaf));
    const iso = o['timestamp-format.standard'] === 'iso-8601';
    const decimals = kinds.some((f) => f.kind === F_DECIMAL);
    k.scanOptions(this.context, +o['ignore-parse-errors'], +o['fail-on-missing-field'], +iso, +decimals, RECORD_BYTES_MAX);
    const root: ObjectNode = { leaf: -1, isRow: false, fields: new Map() };
    const ends = leafEnds(leaves.map((l) => l.path));
    leaves.forEach((leaf, i) => {
      let node = root;
      for (const name of leaf.path) {
        let next = node.fields.get(name);
        if (next === undefined) {
          next = { leaf: -1, isRow: false, fields: new Map() };
          node.fields.set(name, next);
        }
        node = next;
      }
      node.leaf = i;
      node.isRow = kinds[i].kind === F_ROW;
      k.scanLeaf(this.context, i, kinds[i].kind, kinds[i].arg, ends[i]);
    });
    k.jsonRoot(this.context, buildObject(engine, root));
    // counting the fields of each object is the general scan's work
    if (!o['fail-on-missing-field']) this.#shapes = new ShapeReaders(engine, this.context, allocated(engine, k.jsonLearn(this.context)));
  }

  protected scanLines(ptr: number, end: number, batch: number): number {
    const before = this.#rows(batch);
    const at = this.engine.kernels.jsonLines(this.context, ptr, end, batch);
    this.goesOn = this.#shapes?.decoded(this.#rows(batch) - before) ?? false;
    return at;
  }

  protected scanSlices(slices: number, count: number, batch: number, rowSlice: number): number {
    const before = this.#rows(batch);
    const n = this.engine.kernels.jsonSlices(this.context, slices, count, batch, rowSlice);
    this.goesOn = this.#shapes?.decoded(this.#rows(batch) - before) ?? false;
    return n;
  }

  #rows(batch: number): number {
    return this.engine.u32[(batch + BATCH_ROWS) >>> 2];
  }
}

function buildObject(engine: Engine, node: ObjectNode): number {
  const o = allocated(engine, engine.kernels.jsonObject(node.fields.size));
  for (const [name, field] of node.fields) {
    const pinned = pinText(engine, name);
    const child = field.fields.size > 0 || field.isRow ? buildObject(engine, field) : 0;
    engine.kernels.jsonField(o, pinned.ptr, pinned.length, field.leaf, child);
  }
  return o;
}

class JsonEncoder extends KernelEncoder {
  constructor(engine: Engine, o: JsonOptions, leaves: readonly Leaf[]) {
    super(engine, leaves.length);
    const k = engine.kernels;
    const iso = o['timestamp-format.standard'] === 'iso-8601';
    k.writeOptions(this.context, +iso, +o['encode.decimal-as-plain-number'], +o['encode.ignore-null-fields']);
    const ends = leafEnds(leaves.map((l) => l.path));
    leaves.forEach((leaf, i) => {
      const { kind, arg } = fieldKind('json', leaf);
      const name = this.pin(`,${JSON.stringify(leaf.path[leaf.path.length - 1])}:`);
      k.writeLeaf(this.context, i, kind, arg, name.ptr, name.length, ends[i]);
    });
  }

  protected write(batch: number, lines: number): number {
    return this.engine.kernels.jsonWrite(this.context, batch, lines);
  }
}

/** Newline-delimited JSON objects, as Flink's json format reads and writes them (docs/formats/json.md). */
export const format: Format = {
  name: 'json',
  decoderOptions: options,
  encoderOptions: options,
  check(given: TextOptions, _role, place: ErrorPlace): void {
    check(given, place);
  },
  checkColumn(leaf: Leaf): void {
    fieldKind('json', leaf);
  },
  createDecoder(engine: Engine, given: TextOptions, leaves: readonly Leaf[]): RecordDecoder {
    return new JsonDecoder(engine, check(given, {}), leaves);
  },
  createEncoder(engine: Engine, given: TextOptions, leaves: readonly Leaf[]): RecordEncoder {
    return new JsonEncoder(engine, check(given, {}), leaves);
  },
};
