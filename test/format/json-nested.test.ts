import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Prng } from '#src/base/prng.js';
import { allocBatch } from '#src/batch/batch.js';
import { format } from '#src/format/json.js';
import { BIGINT, BOOLEAN, DOUBLE, INT, ROW, STRING } from '#src/types/logical.js';
import { flatten, type Leaf } from '#src/types/leaf.js';
import { Engine } from '#src/wasm/engine.js';
import { cell, pick, pin } from './harness.js';

fc.configureGlobal({ includeErrorInReport: true });

// Objects of which fields are wanted are part of a record's shape: their braces are literals, their fields values like others.

const whole = flatten({
  fields: [
    { name: 'id', type: STRING() },
    {
      name: 'o',
      type: ROW([
        { name: 'x', type: INT() },
        { name: 's', type: STRING() },
        {
          name: 'p',
          type: ROW([
            { name: 'y', type: BIGINT() },
            { name: 't', type: STRING() },
            { name: 'b', type: BOOLEAN() },
          ]),
        },
      ]),
    },
    { name: 'q', type: ROW([{ name: 'z', type: DOUBLE() }]) },
  ],
});
/** As a projection leaves them: fields of objects that have no column of their own. */
const fieldsOnly = whole.filter((l) => l.type.root !== 'ROW' && l.path.at(-1) !== 's');

const word = (r: Prng, length: number): string => Array.from({ length }, () => 'abcdefgh{}[],: '[r.below(15)]).join('');

/** Objects whose keys keep their order, with values that keep their length or not; some fields are not always there. */
function family(r: Prng): () => string {
  const value: Record<string, () => string> = {};
  const text = (): (() => string) => {
    const length = r.below(20);
    return r.below(2) === 0 ? () => `"${word(r, length)}"` : () => `"${word(r, r.below(30))}"`;
  };
  const number = (): (() => string) => {
    const most = 10 ** (1 + r.below(8));
    return () => String(r.below(most));
  };
  const mixed = r.below(5) === 0;
  const object = (keys: string[]): (() => string) => {
    const order = keys.filter(() => r.below(4) > 0).sort(() => r.next() - 0.5);
    const optional = new Set(order.filter(() => r.below(4) === 0));
    return () =>
      `{${(mixed ? order.sort(() => r.next() - 0.5) : order).flatMap((k) => (optional.has(k) && r.below(3) === 0 ? [] : [`"${k}":${value[k]()}`])).join(',')}}`;
  };
  const sometimes = (make: () => string, others: string[]): (() => string) => (r.below(3) === 0 ? () => (r.below(4) === 0 ? pick(r, others) : make()) : make);
  for (const k of ['id', 's', 't', 'u']) value[k] = text();
  for (const k of ['x', 'y', 'n']) value[k] = number();
  value.b = () => pick(r, ['true', 'false', 'null']);
  value.z = () => String(r.below(1000) / 8);
  value.v = object(['x', 'u', 'n']);
  value.p = sometimes(object(['y', 't', 'b', 'n', 'v']), ['null', '{}']);
  value.o = sometimes(object(['x', 's', 'p', 'u', 'v']), ['null', '{}']);
  value.q = sometimes(object(['z', 'n']), ['null']);
  // keys of nested objects stand at the top as well, where nobody wants them
  return object(['id', 'o', 'q', 'v', 'n', 'x', 's', 'y', 'z']);
}

function wanted(record: unknown, leaves: readonly Leaf[]): unknown[] {
  return leaves.map(({ path, type }) => {
    let at = record as Record<string, unknown> | null | undefined;
    for (const name of path) at = at === null || at === undefined ? null : (at[name] as Record<string, unknown>);
    const v = at as unknown;
    if (v === undefined || v === null) return null;
    if (type.root === 'VARCHAR') return typeof v === 'string' ? v : JSON.stringify(v);
    return type.root === 'ROW' ? true : type.root === 'BIGINT' ? BigInt(v as number) : v;
  });
}

function read(lines: readonly string[], leaves: readonly Leaf[], capacity: number): { rows: unknown[][]; skipped: number } {
  const engine = new Engine();
  const decoder = format.createDecoder(engine, { 'ignore-parse-errors': 'true' }, leaves);
  const { ptr, end } = pin(engine, Buffer.from(lines.join('\n')));
  const batch = allocBatch(engine, leaves, { capacity });
  const rows: unknown[][] = [];
  for (let at = ptr; at < end; ) {
    batch.clear();
    at = decoder.decodeLines(at, end, batch);
    for (let i = 0; i < batch.rows; i++) rows.push(leaves.map((_, c) => cell(batch, c, i)));
  }
  return { rows, skipped: decoder.skipped };
}

test('fields of nested objects are what JSON.parse gives, while shapes are learned and by the emitted reader', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 31 }), fc.boolean(), (seed, all) => {
      const r = new Prng(seed);
      const leaves = all ? whole : fieldsOnly;
      const own = family(r);
      const other = family(r);
      const lines = Array.from({ length: 200 }, (_, i) => {
        const line = i < 60 || r.below(8) > 0 ? own() : other();
        // an object that comes twice: the last one counts, nothing of the first stays
        if (all && i > 60 && r.below(10) === 0) return `${line.slice(0, -1)}${line === '{}' ? '' : ','}"o":{"x":${r.below(9)}},"o":{"s":"last"}}`;
        return line;
      });
      const { rows, skipped } = read(lines, leaves, 70);
      assert.equal(skipped, 0);
      lines.forEach((line, i) => assert.deepEqual(rows[i], wanted(JSON.parse(line), leaves), line));
    }),
    { numRuns: 300 },
  );
});

/** The object that a line begins with: what follows it nobody reads, as in Flink. */
function firstObject(line: string): object | undefined {
  for (let end = line.indexOf('}'); end >= 0; end = line.indexOf('}', end + 1)) {
    try {
      return JSON.parse(line.slice(0, end + 1)) as object;
    } catch {
      // it goes on
    }
  }
  return undefined;
}

test('a record with a character too few is skipped, or is what JSON.parse makes of it', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 31 }), (seed) => {
      const r = new Prng(seed);
      const own = family(r);
      const lines = Array.from({ length: 160 }, (_, i) => {
        const line = own();
        const structure = [...line].flatMap((c, k) => ('{}[],:"'.includes(c) ? [k] : []));
        if (i < 60 || r.below(2) === 0) return line;
        const at = pick(r, structure);
        return line.slice(0, at) + line.slice(at + 1);
      });
      const good = lines.map(firstObject).filter((o) => o !== undefined);
      const { rows, skipped } = read(lines, whole, 500);
      assert.equal(skipped, lines.filter((l) => l !== '').length - good.length);
      good.forEach((object, i) => assert.deepEqual(rows[i], wanted(object, whole)));
    }),
    { numRuns: 150 },
  );
});

test('a nested object that is malformed is refused', () => {
  const good = Array.from({ length: 80 }, (_, i) => `{"id":"a","o":{"x":${i},"s":"b"}}`);
  const bad = ['{,"x":1}}', '{"x":1,}}', '{"x":1]}', '{"x":1 "s":"b"}}', '{"x"}}', '{"x":1}', '{', '{}', '{"x":1,,"s":"b"}}', '{{"x":1}}'].map(
    (o) => `{"id":"a","o":${o}`,
  );
  for (const line of bad) {
    const { rows, skipped } = read([...good, line, good[3]], whole, 200);
    assert.deepEqual([rows.length, skipped], [81, 1], line);
    assert.deepEqual(rows[80], wanted(JSON.parse(good[3]), whole));
  }
});
