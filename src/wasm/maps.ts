import type { Call } from '../types/expr.js';
import { typeToString } from '../types/logical.js';
import { ALWAYS, type Compiler, defineFunctions, NEVER, notSupported, type Val } from './compile.js';
import * as op from './opcodes.js';

/** map[key]: NULL when there is no such entry. */
function item(c: Compiler, e: Call): Val {
  const [map, key] = e.args.map((a) => c.compile(a));
  if (map.type.root !== 'MAP') throw notSupported(`[] of ${typeToString(map.type)}`);
  return c.guarded(e.type, [map, key], true, (out) => {
    c.push(map);
    c.push(key);
    c.kernel('mapGet');
    c.popPacked(out);
    c.f.get(out.w).i32(-1).op(op.I32_EQ).if().i32(1).set(out.nul).i32(0).set(out.w).i32(0).set(out.v).end();
  });
}

/** MAP[k, v, k, v, ...]: of equal keys the last counts. */
function map(c: Compiler, e: Call): Val {
  const f = c.f;
  const parts = e.args.map((a) => c.compile(a));
  const out = c.newVal(e.type, false);
  c.pushData(c.constant([0]));
  f.set(out.v).i32(1).set(out.w);
  for (let i = 0; i < parts.length; i += 2) {
    c.pushArena();
    c.push(out);
    pushPart(c, parts[i]);
    pushPart(c, parts[i + 1]);
    c.kernel('mapPut');
    c.popPacked(out);
  }
  return out;
}

/** Pointer and length of a key or value; a length of -1 when it is NULL. */
function pushPart(c: Compiler, part: Val): void {
  const f = c.f;
  if (part.nul === ALWAYS) {
    f.i32(0).i32(-1);
    return;
  }
  c.push(part);
  if (part.nul === NEVER) return;
  const n = f.local(op.I32);
  f.set(n);
  c.pushNull(part);
  f.if().i32(-1).set(n).end().get(n);
}

defineFunctions({ item, map });
