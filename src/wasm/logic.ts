import type { Call, Expr } from '../types/expr.js';
import { BOOLEAN } from '../types/logical.js';
import { ALWAYS, type Compiler, defineFunctions, NEVER, nullOf, type Val } from './compile.js';
import { inTable } from './inlist.js';
import { type Comparison, pushComparison } from './compare.js';
import { pushIsTrue } from './condition.js';
import * as op from './opcodes.js';

const comparison =
  (how: Comparison) =>
  (c: Compiler, e: Call): Val => {
    const a = c.compile(e.args[0]);
    const b = c.compile(e.args[1]);
    return c.strict(e.type, [a, b], () => pushComparison(c, how, a, b));
  };

/** AND (stop = false) and OR (stop = true): the right side is not evaluated where the left one decides. */
function junction(c: Compiler, e: Call, stop: boolean): Val {
  return e.args.slice(1).reduce((left, arg) => combine(c, left, arg, stop), c.compile(e.args[0]));
}

function combine(c: Compiler, left: Val, arg: Expr, stop: boolean): Val {
  const f = c.f;
  const out = c.newVal(BOOLEAN(), true);
  f.i32(stop ? 1 : 0).set(out.v);
  f.i32(0).set(out.nul);
  // left decides: not NULL and equal to `stop`
  c.push(left);
  if (!stop) f.op(op.I32_EQZ);
  c.pushNull(left);
  f.op(op.I32_EQZ, op.I32_AND, op.I32_EQZ).if();
  c.scoped(() => {
    const right = c.compile(arg);
    c.push(right);
    if (!stop) f.op(op.I32_EQZ);
    c.pushNull(right);
    f.op(op.I32_EQZ, op.I32_AND, op.I32_EQZ).if();
    f.i32(stop ? 0 : 1).set(out.v);
    c.pushNull(left);
    c.pushNull(right);
    f.op(op.I32_OR).set(out.nul);
    f.end();
  });
  f.end();
  return out;
}

/** A function of one argument that is never NULL itself. */
function test(c: Compiler, e: Call, body: (a: Val) => void): Val {
  const a = c.compile(e.args[0]);
  const out = c.newVal(e.type, false);
  body(a);
  c.pop(out);
  return out;
}

function distinct(c: Compiler, e: Call, negate: boolean): Val {
  const f = c.f;
  const a = c.compile(e.args[0]);
  const b = c.compile(e.args[1]);
  const out = c.newVal(e.type, false);
  // equal: both NULL, or neither and equal values
  c.pushNull(a);
  c.pushNull(b);
  f.op(op.I32_OR).if(op.I32);
  c.pushNull(a);
  c.pushNull(b);
  f.op(op.I32_AND).else();
  pushComparison(c, 'eq', a, b);
  f.end();
  if (!negate) f.op(op.I32_EQZ);
  c.pop(out);
  return out;
}

/** value IN (literals): TRUE when one is equal, else NULL when the value or a literal is NULL. */
function isIn(c: Compiler, e: Call): Val {
  const looked = inTable(c, e);
  if (looked !== undefined) return looked;
  const f = c.f;
  const a = c.compile(e.args[0]);
  const items = e.args.slice(1).map((x) => c.compile(x));
  const some = items.filter((x) => x.nul !== ALWAYS);
  const hasNull = items.some((x) => x.nul !== NEVER);
  const out = c.newVal(e.type, a.nul !== NEVER || hasNull);
  f.i32(0).set(out.v);
  f.block();
  const level = f.depth;
  for (const item of some) {
    pushComparison(c, 'eq', a, item);
    c.pushNull(item);
    f.op(op.I32_EQZ, op.I32_AND).if().i32(1).set(out.v).brTo(level).end();
  }
  f.end();
  if (out.nul >= 0) {
    c.pushNull(a);
    if (hasNull) {
      f.get(out.v).op(op.I32_EQZ);
      const flags = items.filter((x) => x.nul !== NEVER);
      flags.forEach((x, i) => {
        c.pushNull(x);
        if (i > 0) f.op(op.I32_OR);
      });
      f.op(op.I32_AND, op.I32_OR);
    }
    f.set(out.nul);
  }
  return out;
}

const SHARING_BRANCHES_MAX = 256;

/** The first branch whose condition is TRUE. One block that each result leaves: branches inside branches would be as deep as the script is long. */
function caseWhen(c: Compiler, e: Call): Val {
  const f = c.f;
  const out = c.newVal(e.type, true);
  const branches = e.args.length >> 1;
  const tail = e.args.length % 2 === 1 ? e.args[e.args.length - 1] : undefined;
  const finish = (): void => {
    if (tail === undefined) {
      c.zero(out);
      f.i32(1).set(out.nul);
    } else c.assign(out, c.compile(tail));
  };
  if (branches === 0) {
    finish();
    return out;
  }
  f.block();
  const done = f.depth;
  pushIsTrue(c, e.args[0]); // evaluated always: what follows may use it
  const branch = (i: number): void => {
    f.if();
    c.scoped(() => c.assign(out, c.compile(e.args[2 * i + 1])));
    f.brTo(done).end();
  };
  branch(0);
  c.scoped(() => {
    for (let i = 1; i < branches; i++) {
      const condition = (): void => pushIsTrue(c, e.args[2 * i]);
      // what a condition evaluates serves those after it, unless there are so many that its locals are the greater burden
      if (branches > SHARING_BRANCHES_MAX) c.scoped(condition);
      else condition();
      branch(i);
    }
    finish();
  });
  f.end();
  return out;
}

function coalesce(c: Compiler, e: Call): Val {
  const f = c.f;
  const first = c.compile(e.args[0]);
  if (first.nul === NEVER) return first;
  const out = c.newVal(e.type, true);
  c.assign(out, first);
  f.block();
  const done = f.depth;
  c.scoped(() => {
    for (const x of e.args.slice(1)) {
      f.get(out.nul).op(op.I32_EQZ).brIfTo(done);
      c.assign(out, c.compile(x));
    }
  });
  f.end();
  return out;
}

/** The greatest or least value, NULL when one is NULL. */
function extreme(c: Compiler, e: Call, how: Comparison): Val {
  const f = c.f;
  const values = e.args.map((x) => c.compile(x));
  const nul = c.anyNull(values);
  if (nul === ALWAYS) return nullOf(e.type);
  const out = { ...c.newVal(e.type, false), nul };
  c.push(values[0]);
  c.pop(out);
  for (const v of values.slice(1)) {
    // of equal ones the last, as with IF(best > next, best, next)
    pushComparison(c, how, out, v);
    f.op(op.I32_EQZ).if();
    c.push(v);
    c.pop(out);
    f.end();
  }
  return out;
}

function nullIf(c: Compiler, e: Call): Val {
  const f = c.f;
  const a = c.compile(e.args[0]);
  const b = c.compile(e.args[1]);
  const out = c.newVal(e.type, true);
  c.assign(out, a);
  pushComparison(c, 'eq', a, b);
  c.pushNull(a);
  c.pushNull(b);
  f.op(op.I32_OR, op.I32_EQZ, op.I32_AND).if().i32(1).set(out.nul).end();
  return out;
}

defineFunctions({
  eq: comparison('eq'),
  ne: comparison('ne'),
  lt: comparison('lt'),
  le: comparison('le'),
  gt: comparison('gt'),
  ge: comparison('ge'),
  and: (c, e) => junction(c, e, false),
  or: (c, e) => junction(c, e, true),
  not: (c, e) => {
    const a = c.compile(e.args[0]);
    return c.strict(e.type, [a], () => {
      c.push(a);
      c.f.op(op.I32_EQZ);
    });
  },
  isNull: (c, e) => test(c, e, (a) => c.pushNull(a)),
  isNotNull: (c, e) =>
    test(c, e, (a) => {
      c.pushNull(a);
      c.f.op(op.I32_EQZ);
    }),
  isTrue: (c, e) => test(c, e, (a) => pushIs(c, a, true)),
  isFalse: (c, e) => test(c, e, (a) => pushIs(c, a, false)),
  isNotTrue: (c, e) =>
    test(c, e, (a) => {
      pushIs(c, a, true);
      c.f.op(op.I32_EQZ);
    }),
  isNotFalse: (c, e) =>
    test(c, e, (a) => {
      pushIs(c, a, false);
      c.f.op(op.I32_EQZ);
    }),
  isDistinctFrom: (c, e) => distinct(c, e, false),
  isNotDistinctFrom: (c, e) => distinct(c, e, true),
  in: isIn,
  case: caseWhen,
  coalesce,
  greatest: (c, e) => extreme(c, e, 'gt'),
  least: (c, e) => extreme(c, e, 'lt'),
  nullIf,
});

/** Pushes 1 when a BOOLEAN is not NULL and has the value. */
function pushIs(c: Compiler, a: Val, value: boolean): void {
  c.push(a);
  if (!value) c.f.op(op.I32_EQZ);
  c.pushNull(a);
  c.f.op(op.I32_EQZ, op.I32_AND);
}
