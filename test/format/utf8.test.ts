import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { allocBatch } from '#src/batch/batch.js';
import { format } from '#src/format/json.js';
import { flatten } from '#src/types/leaf.js';
import { STRING } from '#src/types/logical.js';
import { Engine } from '#src/wasm/engine.js';
import { pin } from './harness.js';

fc.configureGlobal({ includeErrorInReport: true });

const leaves = flatten({ fields: [{ name: 'v', type: STRING() }] });
const decoder = new TextDecoder('utf-8', { fatal: true });
const engine = new Engine();
const lines = format.createDecoder(engine, {}, leaves);
const batch = allocBatch(engine, leaves);

/** Whether a record with these bytes as a string is taken. */
function taken(bytes: Uint8Array): boolean {
  const { ptr, end } = pin(engine, new Uint8Array(Buffer.concat([Buffer.from('{"v":"'), bytes, Buffer.from('"}')])));
  batch.clear();
  try {
    lines.decodeLines(ptr, end, batch);
    return true;
  } catch (e) {
    assert.equal((e as { code: string }).code, 'INVALID_UTF8');
    return false;
  }
}

function wellFormed(bytes: Uint8Array): boolean {
  try {
    decoder.decode(bytes);
    return true;
  } catch {
    return false;
  }
}

const EDGES = [0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff, 0x41, 0x7f];

test('every pair of bytes, and the edges of every longer sequence, at every place of a 16-byte block', () => {
  const check = (...bytes: number[]): void => {
    const pad = bytes.reduce((a, b) => a * 31 + b, 7) % 17;
    const text = new Uint8Array([...Array.from({ length: pad }, () => 0x61), ...bytes, ...Array.from({ length: (pad * 5) % 19 }, () => 0x62)]);
    assert.equal(taken(text), wellFormed(text), Buffer.from(text).toString('hex'));
  };
  for (let a = 0x80; a < 0x100; a++) for (let b = 0x80; b < 0x100; b++) check(a, b);
  for (const a of [0xe0, 0xe1, 0xed, 0xef, 0xf0, 0xf1, 0xf4, 0xf5]) for (const b of EDGES) for (const c of EDGES) check(a, b, c);
  for (const a of [0xef, 0xf0, 0xf2, 0xf4, 0xf5]) for (const b of EDGES) for (const c of [0x80, 0xbf, 0xc2, 0x41]) for (const d of EDGES) check(a, b, c, d);
});

test('long texts with a byte changed, cut or doubled', () => {
  const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 60 }).map((s) => Buffer.from(s.replace(/["\\\p{Cc}]/gu, 'x'), 'utf8'));
  fc.assert(
    fc.property(text, fc.nat(), fc.constantFrom(...EDGES), fc.nat(4), (bytes, at, byte, how) => {
      const i = at % bytes.length;
      let b: Buffer = bytes;
      if (how === 1) b = Buffer.concat([bytes.subarray(0, i), bytes.subarray(i + 1)]);
      else if (how === 2) b = Buffer.concat([bytes.subarray(0, i + 1), bytes.subarray(i)]);
      else if (how === 3) b = bytes.subarray(0, i);
      else if (how === 4) {
        b = Buffer.from(bytes);
        b[i] = byte;
      }
      assert.equal(taken(b), wellFormed(b), b.toString('hex'));
    }),
    { numRuns: 4000 },
  );
});
