import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { JSON_FIRST_RECORDS, JSON_LEARN_RECORDS, RECORD_BYTES_MAX } from '#src/base/limits.js';
import { Prng } from '#src/base/prng.js';
import { allocBatch } from '#src/batch/batch.js';
import type { RecordDecoder } from '#src/contract/format.js';
import { format } from '#src/format/json.js';
import '#src/format/json-shapes.js';
import { BIGINT, DECIMAL, DOUBLE, INT, ROW, STRING, TIMESTAMP } from '#src/types/logical.js';
import { flatten } from '#src/types/leaf.js';
import { Engine } from '#src/wasm/engine.js';
import { decodeAll, pick, pin, rowObject } from './harness.js';

fc.configureGlobal({ includeErrorInReport: true });

// The emitted reader of settled shapes against the graph's reader, which json-fuzz.test.ts holds to JSON.parse.

const leaves = flatten({
  fields: [
    { name: 'id', type: STRING() },
    { name: 'type', type: STRING() },
    { name: 'n', type: BIGINT() },
    { name: 'm', type: BIGINT() },
    { name: 'i', type: INT() },
    { name: 'price', type: DOUBLE() },
    { name: 'sum', type: DECIMAL(18, 2) },
    { name: 'at', type: TIMESTAMP(3) },
    { name: 'nested', type: ROW([{ name: 'x', type: INT() }]) },
  ],
});

const hex = (r: Prng, length: number): string => Array.from({ length }, () => '0123456789abcdef'[r.below(16)]).join('');
const digits = (r: Prng, count: number): string => String(1 + r.below(9)) + Array.from({ length: count - 1 }, () => r.below(10)).join('');
const two = (n: number): string => String(n).padStart(2, '0');

/** How one field of a family is written: a value in JSON text. */
type Writer = (r: Prng) => string;

function writer(r: Prng, key: string): Writer {
  const length = pick(r, [0, 1, 3, 12, 15, 16, 17, 31, 36, 48, 64, 70, 200]);
  const texts: Writer[] = [
    (q) => `"${hex(q, length)}"`,
    (q) => `"${pick(q, ['view', 'click', 'purchase', 'a somewhat longer word'])}"`,
    (q) => `"${hex(q, q.below(80))}"`,
    (q) => `"${hex(q, q.below(12))}"`,
  ];
  const count = 1 + r.below(15);
  const numbers: Writer[] = [(q) => digits(q, count), (q) => digits(q, 1 + q.below(15)), (q) => (q.below(8) === 0 ? '0' : digits(q, 2))];
  switch (key) {
    case 'n':
    case 'm':
      return pick(r, numbers);
    case 'i':
      return r.below(2) === 0 ? (q) => digits(q, 1 + q.below(9)) : (q) => digits(q, Math.min(count, 9));
    case 'price':
    case 'sum':
      return pick<Writer>(r, [(q) => `${digits(q, 3)}.${two(q.below(100))}`, (q) => String(q.below(100000) / 100)]);
    case 'at':
      return (q) => `"2024-0${1 + q.below(9)}-1${q.below(10)} ${two(q.below(24))}:00:${two(q.below(60))}${pick(q, ['', '.123'])}"`;
    case 'nested':
      return (q) => pick(q, ['{"x":1}', '{"y":2,"x":77}', '{}', 'null']);
    case 'z':
      return pick<Writer>(r, [...numbers, () => 'true', () => '[1,{"a":"]"}]', ...texts]);
    default:
      return pick(r, texts);
  }
}

interface Family {
  line(r: Prng): string;
}

function family(r: Prng): Family {
  const keys = ['id', 'type', 'n', 'm', 'i', 'price', 'sum', 'at', 'nested', 'z', 'skipped', 'also_skipped_with_a_rather_long_name'].filter(
    () => r.below(3) > 0,
  );
  for (let i = keys.length - 1; i > 0; i--) {
    const j = r.below(i + 1);
    [keys[i], keys[j]] = [keys[j], keys[i]];
  }
  const fields = keys.map((key) => ({ key, write: writer(r, key), optional: r.below(5) === 0 }));
  const colon = pick(r, [':', ':', ': ']);
  return {
    line: (q) => {
      const written = fields.filter((f) => !f.optional || q.below(3) > 0).map((f) => `"${f.key}"${colon}${f.write(q)}`);
      return `{${written.join(colon === ':' ? ',' : ', ')}}`;
    },
  };
}

/** A line that the family does not foresee. */
function strange(r: Prng, line: string, others: Family): string {
  const b = Buffer.from(line);
  switch (r.below(7)) {
    case 0:
      return b.subarray(0, r.below(b.length + 1)).toString('latin1');
    case 1:
    case 2:
      b[r.below(b.length)] = pick(r, [0x22, 0x5c, 0x7b, 0x7d, 0x2c, 0x3a, 0x20, 0x30, 0x39, 0x2e, 0x2d, 0x80, 0xff, 0xc3, 0x01, 0x65, 0x5d]);
      return b.toString('latin1');
    case 3:
      return line.replace(/"([0-9a-f]{3,})"/, pick(r, ['"\\u0041$1"', '"\u00c3\u00a9$1"', '"$1$1"', 'null', '"a\\"$1"']));
    case 4:
      return line.replace(/(\d)([,}])/, pick(r, ['$1$1$2', '$10$2', '$1.5$2', '$1e2$2', '$1 $2', '-$1$2', '0$1$2']));
    case 5:
      return others.line(r);
    default:
      return `${pick(r, ['', ' ', '\r'])}${line}${pick(r, ['', ' ', '\r', '\n', ',', '}'])}`;
  }
}

/** Readers that were emitted. */
let readers = 0;

interface Seen {
  rows: Record<string, unknown>[];
  bad: string[];
  skipped: number;
  nulled: number;
}

/** A lenient decoder that has read `learn`, and goes on with the emitted reader or with the graph. */
function learned(learn: readonly string[], emitted: boolean): { engine: Engine; decoder: RecordDecoder } {
  const engine = new Engine();
  const decoder = format.createDecoder(engine, { 'ignore-parse-errors': 'true' }, leaves);
  const batch = allocBatch(engine, leaves);
  const { ptr, end } = pin(engine, Buffer.from(`${learn.join('\n')}\n`, 'latin1'));
  for (let at = ptr; at < end; ) {
    batch.clear();
    at = decoder.decodeLines(at, end, batch);
  }
  if (!emitted) engine.kernels.jsonEmitted((decoder as unknown as { context: number }).context, 0);
  return { engine, decoder };
}

/** Reads `lines` behind `learn`. */
function decode(learn: readonly string[], lines: Uint8Array, emitted: boolean): Seen {
  const { engine, decoder } = learned(learn, emitted);
  if (emitted && engine.kernels.table.length > 1) readers++;
  const [skipped, nulled] = [decoder.skipped, decoder.nulled];
  const bad: string[] = [];
  decoder.onBadRecord = (p, length, reason) => bad.push(`${Buffer.from(engine.u8.slice(p, p + length)).toString('latin1')} ${reason}`);
  const rows = decodeAll(engine, decoder, lines, leaves, 500);
  return { rows, bad, skipped: decoder.skipped - skipped, nulled: decoder.nulled - nulled };
}

test('the reader emitted for settled shapes reads and refuses as the graph does', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 31 }), fc.boolean(), fc.boolean(), (seed, few, last) => {
      const r = new Prng(seed);
      const own = family(r);
      const other = family(r);
      // the first reader, which has seen few records, and one that has seen many
      const learn = Array.from({ length: few ? 2 * JSON_FIRST_RECORDS : 2 * JSON_LEARN_RECORDS + 2048 }, () => own.line(r));
      const lines = Array.from({ length: 600 }, () => (r.below(3) > 0 ? own.line(r) : strange(r, own.line(r), other)));
      const bytes = Buffer.from(lines.join('\n') + (last ? '\n' : ''), 'latin1');
      assert.deepEqual(decode(learn, bytes, true), decode(learn.slice(0, 500), bytes, false));
    }),
    { numRuns: 80 },
  );
  assert.ok(readers > 65, `${readers} readers were emitted`); // none for a family that is empty most of the time
});

test('and so do slices, whose bytes go on behind their end', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 31 }), (seed) => {
      const r = new Prng(seed);
      const own = family(r);
      const learn = Array.from({ length: JSON_LEARN_RECORDS + 2048 }, () => own.line(r));
      const lines = Array.from({ length: 300 }, () => own.line(r));
      const slicesOf = (emitted: boolean): Record<string, unknown>[] => {
        const { engine, decoder } = learned(emitted ? learn : learn.slice(0, 300), emitted);
        // one block of bytes: what follows a slice is the next record, or the rest of a record that was cut
        const text = Buffer.from(lines.join(''));
        const { ptr } = pin(engine, text);
        const slices = engine.alloc(lines.length * 8);
        const cut = new Prng(seed);
        let at = ptr;
        lines.forEach((l, i) => {
          engine.u32[(slices >> 2) + 2 * i] = at;
          engine.u32[(slices >> 2) + 2 * i + 1] = cut.below(5) === 0 ? cut.below(l.length) : l.length;
          at += l.length;
        });
        const batch = allocBatch(engine, leaves);
        const rows: Record<string, unknown>[] = [];
        for (let done = 0; done < lines.length; ) {
          batch.clear();
          done += decoder.decodeSlices(slices + done * 8, lines.length - done, batch, 0);
          for (let i = 0; i < batch.rows; i++) rows.push(rowObject(batch, i));
        }
        return [...rows, { skipped: decoder.skipped }];
      };
      assert.deepEqual(slicesOf(true), slicesOf(false));
    }),
    { numRuns: 20 },
  );
});

test('and so do regions of lines that go on behind their end', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 31 }), (seed) => {
      const r = new Prng(seed);
      const own = family(r);
      const learn = Array.from({ length: JSON_LEARN_RECORDS + 2048 }, () => own.line(r));
      const text = Buffer.from(Array.from({ length: 200 }, () => `${own.line(r)}\n`).join(''), 'latin1');
      // at the end of a line, beside it, and anywhere
      const cuts = Array.from({ length: 40 }, () => {
        const at = r.below(text.length);
        return Math.min(text.length, Math.max(1, r.below(3) === 0 ? at : text.indexOf(10, at) + r.below(4) - 1));
      });
      const read = (emitted: boolean): unknown[] => {
        const { engine, decoder } = learned(emitted ? learn : learn.slice(0, 300), emitted);
        const { ptr } = pin(engine, text);
        const batch = allocBatch(engine, leaves);
        return cuts.map((cut) => {
          batch.clear();
          const next = decoder.decodeLines(ptr, ptr + cut, batch) - ptr;
          return { next, rows: Array.from({ length: batch.rows }, (_, i) => rowObject(batch, i)), skipped: decoder.skipped };
        });
      };
      assert.deepEqual(read(true), read(false));
    }),
    { numRuns: 20 },
  );
});

test('a record that is too long is refused among others of its shape', () => {
  const line = (id: string): string => `{"id":"${id}","n":7}`;
  const r = new Prng(3);
  const learn = Array.from({ length: JSON_LEARN_RECORDS + 2048 }, () => line(hex(r, 1 + r.below(30))));
  const lines = Buffer.from([line('a'), line('b'.repeat(RECORD_BYTES_MAX)), line('c')].join('\n'));
  const seen = decode(learn, lines, true);
  assert.deepEqual(
    seen.rows.map((row) => row.id),
    ['a', 'c'],
  );
  assert.equal(seen.skipped, 1);
});

test('the first records are enough for a reader of the rest, and one that saw too little is replaced', () => {
  const r = new Prng(5);
  const plain = (): string => `{"id":"${hex(r, 8)}","n":${digits(r, 4)}}`;
  const engine = new Engine();
  const decoder = format.createDecoder(engine, {}, leaves);
  const few = Array.from({ length: JSON_FIRST_RECORDS + 10 }, plain);
  const { ptr, end } = pin(engine, Buffer.from(`${few.join('\n')}\n`));
  const rows = allocBatch(engine, leaves);
  assert.equal(decoder.decodeLines(ptr, end, rows), end, 'one call takes the records before and behind');
  assert.deepEqual(
    Array.from({ length: rows.rows }, (_, i) => rowObject(rows, i).id),
    few.map((l) => (JSON.parse(l) as { id: string }).id),
  );
  assert.equal(rows.selCount, few.length);
  const first = engine.kernels.table.get(1);
  assert.equal(typeof first, 'function');
  // one in twenty is another shape: a later reader would be kept
  const later = Array.from({ length: 30_000 }, (_, i) => (i % 20 === 0 ? `{"type":"rare","id":"x"}` : plain()));
  assert.equal(decodeAll(engine, decoder, Buffer.from(later.join('\n')), leaves).length, later.length);
  assert.notEqual(engine.kernels.table.get(1), first);
});

test('slices keep their numbers when the reader changes among them', () => {
  const r = new Prng(6);
  const engine = new Engine();
  const decoder = format.createDecoder(engine, { 'ignore-parse-errors': 'true' }, leaves);
  const texts = Array.from({ length: 3 * JSON_FIRST_RECORDS }, (_, i) => (i % 7 === 3 ? 'no record' : `{"n":${i},"id":"${hex(r, 8)}"}`));
  const { ptr } = pin(engine, Buffer.from(texts.join('')));
  const slices = engine.alloc(texts.length * 8);
  let at = ptr;
  texts.forEach((t, i) => {
    engine.u32.set([at, t.length], (slices >> 2) + 2 * i);
    at += t.length;
  });
  const batch = allocBatch(engine, leaves);
  const rowSlice = engine.alloc(batch.capacity * 4);
  assert.equal(decoder.decodeSlices(slices, texts.length, batch, rowSlice), texts.length);
  const wanted = texts.map((_, i) => i).filter((i) => i % 7 !== 3);
  assert.deepEqual(
    Array.from({ length: batch.rows }, (_, i) => [engine.u32[(rowSlice >> 2) + i], rowObject(batch, i).n]),
    wanted.map((i) => [i, BigInt(i)]),
  );
});

test('when shapes change for good another reader is emitted, and records without an order have none', () => {
  const r = new Prng(7);
  const engine = new Engine();
  const decoder = format.createDecoder(engine, {}, leaves);
  const send = (lines: string[]): void => {
    const rows = decodeAll(engine, decoder, Buffer.from(lines.join('\n')), leaves);
    assert.equal(rows.length, lines.length);
    lines.forEach((l, i) => {
      const o = JSON.parse(l) as { id?: string; n?: number };
      assert.equal(rows[i].id, o.id ?? null);
      assert.equal(rows[i].n, o.n === undefined ? null : BigInt(o.n));
    });
  };
  const many = (line: () => string): string[] => Array.from({ length: 30_000 }, line);
  send(many(() => `{"id":"${hex(r, 8)}","n":${digits(r, 4)}}`));
  const first = engine.kernels.table.get(1);
  assert.notEqual(first, undefined);
  send(many(() => `{"version":2,"n":${digits(r, 6)},"id":"${hex(r, r.below(30))}"}`));
  assert.notEqual(engine.kernels.table.get(1), first);
  send(many(() => `{${pick(r, [`"id":"${hex(r, 4)}",`, ''])}"n":${digits(r, 1 + r.below(6))}${pick(r, [',"x":1.5', ''])}}`));
  const other = new Engine();
  const keys = ['"id":"a"', '"n":12', '"b":1', '"c":2', '"d":3', '"e":4', '"f":5', '"g":6'];
  const mixed = Array.from({ length: 10_000 }, () => `{${[...keys].sort(() => r.next() - 0.5).join(',')}}`);
  assert.equal(decodeAll(other, format.createDecoder(other, {}, leaves), Buffer.from(mixed.join('\n')), leaves).length, mixed.length);
});
