import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allocBatch } from '#src/batch/batch.js';
import { KeyHasher, keyGroupOf } from '#src/batch/hash.js';
import { keyGroupStart, subtaskOfKeyGroup } from '#src/contract/operator.js';
import { ANY, BIGINT, DOUBLE, INT, STRING } from '#src/types/logical.js';
import { Engine } from '#src/wasm/engine.js';
import { Prng } from '#src/base/prng.js';

function hashStrings(engine: Engine, texts: readonly (string | null)[], gap: number): number[] {
  const leaves = [{ path: ['s'], type: STRING() }];
  const batch = allocBatch(engine, leaves);
  const bytes = texts.map((t) => (t === null ? new Uint8Array(0) : new TextEncoder().encode(t)));
  const base = engine.alloc(bytes.reduce((n, b) => n + b.length + gap, 64));
  engine.u8.fill(0xa5, base, base + 64);
  let at = base;
  texts.forEach((t, i) => {
    engine.u8.set(bytes[i], at);
    engine.u32[(batch.values(0) >> 2) + 2 * i] = at;
    engine.u32[(batch.values(0) >> 2) + 2 * i + 1] = bytes[i].length;
    if (t !== null) batch.setPresent(0, i);
    at += bytes[i].length;
    engine.u8.fill(0x5a, at, at + gap);
    at += gap;
  });
  batch.selectAll(texts.length);
  const out = engine.alloc(4 * texts.length);
  new KeyHasher(engine, leaves, [0]).hash(batch, out);
  return [...engine.u32.subarray(out >> 2, (out >> 2) + texts.length)];
}

test('strings hash by their bytes alone, wherever they stand', () => {
  const texts: (string | null)[] = [null, ''];
  for (let n = 1; n < 70; n++) texts.push('x'.repeat(n), `${'x'.repeat(n - 1)}y`, `y${'x'.repeat(n - 1)}`);
  const a = hashStrings(new Engine(), texts, 0);
  const b = hashStrings(new Engine(), texts, 13);
  assert.deepEqual(a, b);
  assert.equal(new Set(a).size, new Set(texts).size, 'no collisions among a few different strings');
});

test('one changed byte changes the hash, at every length and place', () => {
  const engine = new Engine();
  for (let n = 1; n <= 80; n += 3) {
    const texts = ['a'.repeat(n)];
    for (let i = 0; i < n; i++) texts.push(`${'a'.repeat(i)}b${'a'.repeat(n - i - 1)}`);
    assert.equal(new Set(hashStrings(engine, texts, 1)).size, texts.length);
  }
});

function spread(hashes: readonly number[], bits: number): number {
  const counts = new Array<number>(1 << bits).fill(0);
  for (const h of hashes) counts[h >>> (32 - bits)]++;
  const mean = hashes.length / counts.length;
  return counts.reduce((s, c) => s + (c - mean) ** 2 / mean, 0) / counts.length; // chi-square over degrees of freedom: about 1
}

test('the top bits are even over sequential, strided and text keys', () => {
  const engine = new Engine();
  const leaves = [{ path: ['k'], type: BIGINT(false) }];
  const batch = allocBatch(engine, leaves);
  const out = engine.alloc(8192);
  const hasher = new KeyHasher(engine, leaves, [0]);
  for (const stride of [1n, 8n, 1000n, 1n << 32n, 1n << 48n, -3n]) {
    const hashes: number[] = [];
    for (let b = 0; b < 32; b++) {
      for (let i = 0; i < 2048; i++) engine.i64[(batch.values(0) >> 3) + i] = BigInt.asIntN(64, stride * BigInt(b * 2048 + i));
      batch.setValidity(0, 0);
      batch.selectAll(2048);
      hasher.hash(batch, out);
      hashes.push(...engine.u32.subarray(out >> 2, (out >> 2) + 2048));
    }
    assert.ok(spread(hashes, 10) < 1.3, `stride ${stride}: ${spread(hashes, 10)}`);
  }
  for (const prefix of ['user-', 'https://example.org/a/rather/long/prefix/']) {
    const hashes: number[] = [];
    for (let b = 0; b < 16; b++)
      hashes.push(
        ...hashStrings(
          engine,
          Array.from({ length: 2048 }, (_, i) => prefix + (b * 2048 + i)),
          0,
        ),
      );
    assert.ok(spread(hashes, 8) < 1.4, `${prefix}: ${spread(hashes, 8)}`);
  }
});

test('several columns: order, NULL and every column count; only selected rows are written', () => {
  const engine = new Engine();
  const leaves = [
    { path: ['a'], type: INT() },
    { path: ['b'], type: INT() },
  ];
  const batch = allocBatch(engine, leaves);
  const put = (row: number, a: number | null, b: number | null): void => {
    [a, b].forEach((v, c) => {
      if (v === null) return;
      engine.i32[(batch.values(c) >> 2) + row] = v;
      batch.setPresent(c, row);
    });
  };
  put(0, 1, 2);
  put(1, 2, 1);
  put(2, 1, null);
  put(3, null, 1);
  put(4, 1, 2);
  put(5, 0, 0);
  put(6, null, null);
  batch.selectAll(7);
  const out = engine.alloc(64);
  new KeyHasher(engine, leaves, [0, 1]).hash(batch, out);
  const h = [...engine.u32.subarray(out >> 2, (out >> 2) + 7)];
  assert.equal(h[0], h[4]);
  assert.equal(new Set(h).size, 6);
  engine.u32[(batch.sel >> 2) + 0] = 3;
  engine.u32[(batch.sel >> 2) + 1] = 4;
  batch.selCount = 2;
  engine.u32.fill(0, out >> 2, (out >> 2) + 8);
  new KeyHasher(engine, leaves, [0, 1]).hash(batch, out);
  assert.deepEqual([...engine.u32.subarray(out >> 2, (out >> 2) + 3)], [h[3], h[4], 0]);
});

test('doubles: every NaN is one key', () => {
  const engine = new Engine();
  const leaves = [{ path: ['d'], type: DOUBLE(false) }];
  const batch = allocBatch(engine, leaves);
  batch.setValidity(0, 0);
  engine.i64[batch.values(0) >> 3] = 0x7ff8000000000000n;
  engine.i64[(batch.values(0) >> 3) + 1] = 0x7ff8000000000001n;
  engine.i64[(batch.values(0) >> 3) + 2] = BigInt.asIntN(64, 0xfff8000000000000n);
  batch.selectAll(3);
  const out = engine.alloc(64);
  new KeyHasher(engine, leaves, [0]).hash(batch, out);
  assert.equal(new Set(engine.u32.subarray(out >> 2, (out >> 2) + 3)).size, 1);
});

test('a key group is a range of hashes and goes to one subtask', () => {
  const prng = new Prng(7);
  for (let i = 0; i < 2000; i++) {
    const hash = Number(prng.nextU64() & 0xffffffffn);
    const group = keyGroupOf(hash, 128);
    assert.ok(group >= 0 && group < 128);
    assert.equal(group, hash >>> 25);
    for (const p of [1, 2, 3, 7]) {
      const s = subtaskOfKeyGroup(128, p, group);
      assert.ok(keyGroupStart(128, p, s) <= group && group < keyGroupStart(128, p, s + 1));
    }
  }
  assert.equal(keyGroupOf(0xffffffff, 100), 99);
});

test('a key of type ANY is refused', () => {
  assert.throws(() => new KeyHasher(new Engine(), [{ path: ['x'], type: ANY() }], [0]), { code: 'GRAPH_INVALID' });
});
