import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Engine } from '#src/wasm/engine.js';
import { ModuleBuilder } from '#src/wasm/encoder.js';
import { sleb, sleb64, uleb } from '#src/wasm/leb.js';
import * as op from '#src/wasm/opcodes.js';

test('LEB128 of every size', () => {
  const decode = (bytes: number[], signed: boolean): bigint => {
    let v = 0n;
    bytes.forEach((b, i) => {
      v |= BigInt(b & 127) << BigInt(7 * i);
    });
    return signed && (bytes[bytes.length - 1] & 64) !== 0 ? v - (1n << BigInt(7 * bytes.length)) : v;
  };
  fc.assert(
    fc.property(fc.nat(0xffffffff), fc.integer(), fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), (u, i, l) => {
      const [a, b, c]: number[][] = [[], [], []];
      uleb(a, u);
      sleb(b, i);
      sleb64(c, l);
      assert.equal(decode(a, false), BigInt(u));
      assert.equal(decode(b, true), BigInt(i));
      assert.equal(decode(c, true), l);
      assert.ok(c.length <= 10);
    }),
  );
});

test('functions call each other, imports that come later do not shift them, constants and data arrive', () => {
  const m = new ModuleBuilder();
  const block = m.global(0, true);
  const fib = m.func('l:l', 'fib');
  fib.get(0).i64(2n).op(op.I64_LT_S).if(op.I64).get(0).else();
  fib.get(0).i64(1n).op(op.I64_SUB).call(fib).get(0).i64(2n).op(op.I64_SUB).call(fib).op(op.I64_ADD).end();
  const sum = m.func('id:d', 'sum');
  const [x, y, z] = [sum.local(op.F64), sum.local(op.I32), sum.local(op.F64)];
  sum.f64(0.1).set(x).i32(-7).set(y).f64(Number.NEGATIVE_INFINITY).set(z);
  sum.get(x).get(1).op(op.F64_ADD).get(y).get(0).op(op.I32_ADD, op.F64_CONVERT_I32_S, op.F64_ADD);
  sum.callImport(m.importFunction('host', 'twice', 'd:d'));
  m.data = new Uint8Array([1, 2, 3, 4, 5]);
  const init = m.func('i:i', 'init');
  init.get(0).setGlobal(block).get(0).i32(0).i32(5).fc(op.FC_MEMORY_INIT).op(0, 0);
  init
    .i32(64)
    .callImport(m.importFunction('kernel', 'alloc', 'i:i'))
    .getGlobal(block)
    .op(op.I32_NE);
  assert.deepEqual(m.imports, ['host.twice', 'kernel.alloc']);

  const engine = new Engine();
  const exports = engine.link(new WebAssembly.Module(m.build() as BufferSource), { twice: (v: number) => v * 2 }) as Record<
    string,
    (...a: unknown[]) => unknown
  >;
  assert.equal(exports.fib(20n), 6765n);
  assert.equal(exports.sum(3, 0.5), (0.1 + 0.5 - 4) * 2);
  const p = engine.alloc(64);
  assert.equal(exports.init(p), 1);
  assert.deepEqual([...engine.u8.subarray(p, p + 5)], [1, 2, 3, 4, 5]);
});
