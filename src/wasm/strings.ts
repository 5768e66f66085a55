import { ERR_CODE, T_I64, T_STR } from '#abi';
import type { Call } from '../types/expr.js';
import { type Compiler, defineFunctions, notSupported, type Val } from './compile.js';
import { likePlan } from './like.js';
import * as op from './opcodes.js';

/** A function that leaves a packed string (length << 32 | pointer) on the stack; -1 means NULL when `mayBeNull`. */
function packed(c: Compiler, e: Call, args: readonly Val[], mayBeNull: boolean, body: () => void): Val {
  return c.guarded(e.type, args, mayBeNull, (out) => {
    body();
    c.popPacked(out);
    if (mayBeNull) {
      const f = c.f;
      f.get(out.w).i32(-1).op(op.I32_EQ).if().i32(1).set(out.nul).i32(0).set(out.w).i32(0).set(out.v).end();
    }
  });
}

function like(c: Compiler, e: Call): Val {
  const a = c.compile(e.args[0]);
  const pattern = e.args[1];
  const mark = e.args[2];
  if (pattern.op === 'lit' && typeof pattern.value === 'string' && (mark === undefined || mark.op === 'lit')) {
    const plan = likePlan(pattern.value, mark === undefined ? undefined : String(mark.value));
    if (plan.how === 'equal') {
      const same: Call = { op: 'call', fn: 'eq', args: [e.args[0], { op: 'lit', value: plan.text, type: pattern.type }], type: e.type };
      return c.compile(same);
    }
    return c.guarded(e.type, [a], false, (out) => {
      if (plan.how === 'any') c.f.i32(1);
      else {
        c.push(a);
        c.pushString(plan.text);
        if (plan.how === 'starts') c.kernel('strStartsWith');
        else if (plan.how === 'ends') c.kernel('strEndsWith');
        else if (plan.how === 'general') {
          c.f.i32(plan.escape);
          c.kernel('strLike');
        } else {
          c.kernel('strIndexOf');
          c.f.i32(0).op(op.I32_GE_S);
        }
      }
      c.pop(out);
    });
  }
  const p = c.compile(pattern);
  if (mark !== undefined && (mark.op !== 'lit' || String(mark.value).length !== 1))
    throw notSupported('LIKE with an ESCAPE that is not one constant character');
  return c.guarded(e.type, [a, p], false, (out) => {
    c.push(a);
    c.push(p);
    c.f.i32(mark === undefined ? -1 : String((mark as { value: unknown }).value).codePointAt(0)!);
    c.kernel('strLike');
    c.pop(out);
  });
}

/** CONCAT and ||: NULL when any part is; one allocation of the whole length. */
function concat(c: Compiler, e: Call): Val {
  const parts = e.args.map((x) => c.compile(x));
  return c.guarded(e.type, parts, false, (out) => joinInto(c, out, parts));
}

function joinInto(c: Compiler, out: Val, parts: readonly Val[]): void {
  const f = c.f;
  parts.forEach((p, i) => {
    pushLength(c, p);
    if (i > 0) f.op(op.I32_ADD);
  });
  f.set(out.w);
  c.pushArena();
  f.get(out.w);
  c.kernel('arenaAlloc');
  f.set(out.v);
  f.get(out.v);
  for (const p of parts) {
    c.push(p);
    c.kernel('copyBytes');
  }
  f.op(op.DROP);
}

function pushLength(c: Compiler, s: Val): void {
  c.push(s);
  const n = c.f.local(op.I32);
  c.f.set(n).op(op.DROP).get(n);
}

/** CONCAT_WS(separator, ...): NULL parts are left out; NULL only when the separator is. */
function concatWs(c: Compiler, e: Call): Val {
  const f = c.f;
  const [separator, ...parts] = e.args.map((x) => c.compile(x));
  return c.guarded(e.type, [separator], false, (out) => {
    const count = f.local(op.I32);
    const at = f.local(op.I32);
    f.i32(0).set(out.w).i32(0).set(count);
    for (const p of parts) {
      c.pushNull(p);
      f.op(op.I32_EQZ).if();
      f.get(out.w);
      pushLength(c, p);
      f.op(op.I32_ADD).set(out.w).get(count).i32(1).op(op.I32_ADD).set(count).end();
    }
    f.get(count).i32(1).op(op.I32_GT_S).if().get(out.w).get(count).i32(1).op(op.I32_SUB);
    pushLength(c, separator);
    f.op(op.I32_MUL, op.I32_ADD).set(out.w).end();
    c.pushArena();
    f.get(out.w);
    c.kernel('arenaAlloc');
    f.tee(out.v).set(at);
    f.i32(0).set(count);
    for (const p of parts) {
      c.pushNull(p);
      f.op(op.I32_EQZ).if();
      f.get(count).if().get(at);
      c.push(separator);
      c.kernel('copyBytes');
      f.set(at).end();
      f.get(at);
      c.push(p);
      c.kernel('copyBytes');
      f.set(at).i32(1).set(count).end();
    }
  });
}

function substring(c: Compiler, e: Call): Val {
  const [a, start, length] = e.args.map((x) => c.compile(x));
  const pushInt = (v: Val): void => {
    c.push(v);
    if (v.code === T_I64) c.f.op(op.I32_WRAP_I64);
  };
  return packed(c, e, length === undefined ? [a, start] : [a, start, length], true, () => {
    c.push(a);
    pushInt(start);
    if (length === undefined) c.f.i32(0x7fffffff);
    else pushInt(length);
    c.kernel('strSubstring');
  });
}

/** ASCII in wasm, anything else by the host. */
function changeCase(c: Compiler, e: Call, kernel: 'strAsciiUpper' | 'strAsciiLower', host: 'upper' | 'lower'): Val {
  const a = c.compile(e.args[0]);
  return c.guarded(e.type, [a], false, (out) => {
    const f = c.f;
    const t = f.local(op.I64);
    c.pushArena();
    c.push(a);
    c.kernel(kernel);
    f.tee(t).i64(-1n).op(op.I64_EQ).if();
    c.pushArena();
    c.push(a);
    c.host(host);
    f.set(t).end();
    f.get(t);
    c.popPacked(out);
  });
}

/** mode: 1 leading, 2 trailing, 3 both; the second argument is the set of characters, a space by default. */
function trim(c: Compiler, e: Call, mode: number): Val {
  const a = c.compile(e.args[0]);
  const set = e.args[1] === undefined ? undefined : c.compile(e.args[1]);
  return packed(c, e, set === undefined ? [a] : [a, set], false, () => {
    c.push(a);
    if (set === undefined) c.pushString(' ');
    else c.push(set);
    c.f.i32(mode);
    c.kernel('strTrim');
  });
}

defineFunctions({
  like,
  concat,
  concatWs,
  substring,
  upper: (c, e) => changeCase(c, e, 'strAsciiUpper', 'upper'),
  lower: (c, e) => changeCase(c, e, 'strAsciiLower', 'lower'),
  trim: (c, e) => trim(c, e, 3),
  ltrim: (c, e) => trim(c, e, 1),
  rtrim: (c, e) => trim(c, e, 2),
  charLength: (c, e) => {
    const a = c.compile(e.args[0]);
    return c.guarded(e.type, [a], false, (out) => {
      c.push(a);
      c.kernel('strChars');
      if (out.code === T_I64) c.f.op(op.I64_EXTEND_I32_S);
      c.pop(out);
    });
  },
  /** position(needle, haystack, [character to begin at]): characters from 1, 0 when absent */
  position: (c, e) => {
    const [needle, hay, from] = e.args.map((x) => c.compile(x));
    return c.guarded(e.type, from === undefined ? [needle, hay] : [needle, hay, from], false, (out) => {
      c.push(hay);
      c.push(needle);
      if (from === undefined) c.f.i32(1);
      else c.push(from);
      c.kernel('strPosition');
      c.pop(out);
    });
  },
  replace: (c, e) => {
    const [a, search, by] = e.args.map((x) => c.compile(x));
    return packed(c, e, [a, search, by], false, () => {
      c.pushArena();
      c.push(a);
      c.push(search);
      c.push(by);
      c.kernel('strReplace');
    });
  },
  splitIndex: (c, e) => {
    const [a, separator, index] = e.args.map((x) => c.compile(x));
    if (separator.code !== T_STR) throw notSupported('SPLIT_INDEX with a separator that is not a string');
    return packed(c, e, [a, separator, index], true, () => {
      c.push(a);
      c.push(separator);
      c.push(index);
      c.kernel('strSplitIndex');
    });
  },
  regexpExtract: (c, e) => {
    c.mayFail = true;
    const [a, pattern, group] = e.args.map((x) => c.compile(x));
    return packed(c, e, group === undefined ? [a, pattern] : [a, pattern, group], true, () => {
      c.pushArena();
      c.push(a);
      c.push(pattern);
      if (group === undefined) c.f.i32(0);
      else c.push(group);
      c.host('regexpExtract');
      const text = c.f.local(op.I64);
      c.f.tee(text).i64(-1n).op(op.I64_EQ).if().i32(0).mem(op.I32_LOAD, ERR_CODE).if();
      c.markFailing();
      c.f.end().end().get(text);
    });
  },
});
