import {
  BATCH_HEADER_BYTES,
  BATCH_KINDS,
  BATCH_MARK_COUNT,
  BATCH_MARKS,
  BATCH_ROWS,
  BATCH_SEL,
  BATCH_SEL_COUNT,
  BATCH_SPLIT,
  BATCH_TIMES,
  COL_AUX,
  COL_BYTES,
  COL_VALIDITY,
  COL_VALUES,
  ERR_CODE,
  ERR_ROW,
  T_I128,
  T_STR,
} from '#abi';
import type { Expr } from '../types/expr.js';
import { type Leaf, typeWidth } from '../types/leaf.js';
import { ALWAYS, Compiler, NEVER, type Val } from './compile.js';
import { calcRoots, DATA_WATERMARK, outputLeaves, readsWatermark, STORES } from './layout.js';
import './functions.js';
import { pushIsTrue } from './condition.js';
import * as op from './opcodes.js';
import { cachedPlan } from './plancache.js';
import { beginRow } from './rowclock.js';
import { eachRow, newRows, type Rows, takeRows } from './rowloop.js';
import type { ZoneTable } from './zonetable.js';

export interface CalcExprs {
  readonly filter?: Expr;
  readonly project: readonly Expr[];
}

/**
 * The module of one filter and projection: it evaluates the filter, then the projections of the rows that pass, storing them at the same row numbers. Exports `init(block)`, `dataBytes`, and `run(in, out)`, which returns 1 with the
 * error slot set when a row fails; the rows selected in `out` are then those before it.
 */
export function emitCalc(config: CalcExprs, leaves: readonly Leaf[], zone?: ZoneTable): Uint8Array {
  return cachedPlan('calc', [config.filter, ...config.project], leaves, zone, () => write(config, leaves, zone));
}

function write(config: CalcExprs, leaves: readonly Leaf[], zone: ZoneTable | undefined): Uint8Array {
  const c = new Compiler(calcRoots(config), leaves, zone);
  const f = c.module.func('ii:i', 'run');
  c.f = f;
  const conjuncts = config.filter === undefined ? [] : conjunctsOf(config.filter);
  const computed = outputLeaves(config.project).filter((p) => !p.copy);
  copyHeader(c, INPUT, OUTPUT);
  copyColumns(c, INPUT, OUTPUT, config.project);

  c.prologue(INPUT, [...conjuncts, ...computed.map((p) => p.expr)]);
  const parts: Parts = {
    conjuncts,
    computed: computed.map((p) => p.expr),
    targets: computed.map((p) => openColumn(c, OUTPUT, p.first)),
    mark: readsWatermark(config) ? f.local(op.I32) : -1,
  };
  const rows = newRows(c);
  c.row = f.local(op.I32);
  takeRows(c, rows, INPUT);
  if (conjuncts.length === 0) {
    // every row passes: the selection is the input's own
    f.get(OUTPUT).get(rows.sel).mem(op.I32_STORE, BATCH_SEL);
    f.get(OUTPUT).get(rows.n).mem(op.I32_STORE, BATCH_SEL_COUNT);
    if (computed.length > 0) project(c, parts, rows);
  } else if (conjuncts.length <= PLAIN_MAX && conjuncts.every(isPlain)) {
    filterFirst(c, parts, rows);
    if (computed.length > 0) {
      takeRows(c, rows, OUTPUT);
      project(c, parts, rows);
    }
  } else filterAndProject(c, parts, rows);
  f.i32(0);
  c.resetArena();
  return c.finish();
}

/** Parameters of `run`. */
const INPUT = 0;
const OUTPUT = 1;

interface Parts {
  readonly conjuncts: readonly Expr[];
  readonly computed: readonly Expr[];
  /** columns of `computed` */
  readonly targets: readonly Target[];
  /** local that counts the marks passed, where CURRENT_WATERMARK is read; else -1 */
  readonly mark: number;
}

/** Conditions that are evaluated together: more may cost more than a branch that was foretold. */
const PLAIN_MAX = 3;
const PLAIN: ReadonlySet<string> = new Set(['eq', 'ne', 'lt', 'le', 'gt', 'ge', 'isNull', 'isNotNull']);

/** A condition that costs little and cannot fail: a comparison of columns and constants. */
function isPlain(e: Expr): boolean {
  return e.op === 'call' && PLAIN.has(e.fn) && e.args.every((a) => a.op !== 'call');
}

/** Selects the rows of which plain conditions hold, without a branch: whether a row passes can seldom be foretold, and then each wrong guess costs as much as all the rest. */
function filterFirst(c: Compiler, { conjuncts }: Parts, rows: Rows): void {
  const f = c.f;
  const [selOut, count] = [f.local(op.I32), f.local(op.I32)];
  f.get(OUTPUT).mem(op.I32_LOAD, BATCH_SEL).set(selOut);
  eachRow(c, rows, () => {
    beginRow(c, []);
    f.get(selOut).get(count).i32(2).op(op.I32_SHL, op.I32_ADD).get(c.row).mem(op.I32_STORE);
    f.get(count);
    conjuncts.forEach((e, k) => {
      pushIsTrue(c, e);
      if (k > 0) f.op(op.I32_AND);
    });
    f.op(op.I32_ADD).set(count);
  });
  f.get(OUTPUT).get(count).mem(op.I32_STORE, BATCH_SEL_COUNT);
}

/** Computes columns of all selected rows. */
function project(c: Compiler, parts: Parts, rows: Rows): void {
  eachRow(c, rows, () => {
    if (parts.mark >= 0) passMarks(c, INPUT, parts.mark);
    beginRow(c, parts.computed);
    storeComputed(c, parts, rows.i);
  });
}

/** Any conditions, one after the other, and what is computed of rows that pass: what both evaluate is evaluated once. */
function filterAndProject(c: Compiler, parts: Parts, rows: Rows): void {
  const f = c.f;
  const { conjuncts, computed, mark } = parts;
  const [selOut, count] = [f.local(op.I32), f.local(op.I32)];
  f.get(OUTPUT).mem(op.I32_LOAD, BATCH_SEL).set(selOut);
  eachRow(c, rows, () => {
    if (mark >= 0) passMarks(c, INPUT, mark);
    const next = f.block().depth;
    beginRow(c, [...conjuncts, ...computed]);
    for (const e of conjuncts) {
      c.mayFail = false;
      pushIsTrue(c, e);
      checkError(c, OUTPUT, count);
      f.op(op.I32_EQZ).brIfTo(next);
    }
    storeComputed(c, parts, count);
    f.get(selOut).get(count).i32(2).op(op.I32_SHL, op.I32_ADD).get(c.row).mem(op.I32_STORE);
    f.get(count).i32(1).op(op.I32_ADD).set(count);
    f.end();
  });
  f.get(OUTPUT).get(count).mem(op.I32_STORE, BATCH_SEL_COUNT);
}

/** The computed columns of the current row, which is number `position` (a local) of those that pass. */
function storeComputed(c: Compiler, { computed, targets }: Parts, position: number): void {
  c.mayFail = false;
  computed.forEach((e, k) => {
    storeColumn(c, targets[k], c.compile(e));
  });
  checkError(c, OUTPUT, position);
}

/** CURRENT_WATERMARK changes within a batch: takes the watermarks of marks that stand before the current row. `mark` counts them. */
function passMarks(c: Compiler, input: number, mark: number): void {
  const f = c.f;
  const at = f.local(op.I32);
  f.block();
  const done = f.depth;
  f.loop();
  const top = f.depth;
  f.get(mark).get(input).mem(op.I32_LOAD, BATCH_MARK_COUNT).op(op.I32_GE_U).brIfTo(done);
  f.get(input).mem(op.I32_LOAD, BATCH_MARKS).get(mark).i32(4).op(op.I32_SHL, op.I32_ADD).tee(at);
  // afterRow is -1 for a mark before the first row
  f.mem(op.I32_LOAD).get(c.row).op(op.I32_GE_S).brIfTo(done);
  c.pushData(0);
  f.get(at).mem(op.I64_LOAD, 8).mem(op.I64_STORE, DATA_WATERMARK);
  f.get(mark).i32(1).op(op.I32_ADD).set(mark).brTo(top);
  f.end();
  f.end();
}

/** a AND b AND c as a list: each may leave the row at once, and what they evaluated is there for the projections. */
function conjunctsOf(e: Expr): Expr[] {
  return e.op === 'call' && e.fn === 'and' ? e.args.flatMap(conjunctsOf) : [e];
}

function copyHeader(c: Compiler, from: number, to: number): void {
  for (const field of [BATCH_ROWS, BATCH_MARK_COUNT, BATCH_MARKS, BATCH_KINDS, BATCH_TIMES, BATCH_SPLIT])
    c.f.get(to).get(from).mem(op.I32_LOAD, field).mem(op.I32_STORE, field);
}

function copyColumns(c: Compiler, from: number, to: number, project: readonly Expr[]): void {
  for (const p of outputLeaves(project)) {
    if (p.expr.op !== 'col') continue;
    for (let k = 0; k < p.count; k++) {
      const source = BATCH_HEADER_BYTES + (p.expr.index + k) * COL_BYTES;
      const target = BATCH_HEADER_BYTES + (p.first + k) * COL_BYTES;
      for (const field of [COL_VALUES, COL_VALIDITY, COL_AUX])
        c.f
          .get(to)
          .get(from)
          .mem(op.I32_LOAD, source + field)
          .mem(op.I32_STORE, target + field);
    }
  }
}

interface Target {
  readonly values: number;
  readonly validity: number;
}

function openColumn(c: Compiler, batch: number, leaf: number): Target {
  const f = c.f;
  const at = BATCH_HEADER_BYTES + leaf * COL_BYTES;
  const t = { values: f.local(op.I32), validity: f.local(op.I32) };
  f.get(batch)
    .mem(op.I32_LOAD, at + COL_VALUES)
    .set(t.values);
  f.get(batch)
    .mem(op.I32_LOAD, at + COL_VALIDITY)
    .set(t.validity);
  return t;
}

/** Writes value and validity bit of the current row. */
function storeColumn(c: Compiler, t: Target, val: Val): void {
  const f = c.f;
  const width = typeWidth(val.code);
  if (val.nul !== ALWAYS && width > 0) {
    const address = f.local(op.I32);
    f.get(t.values).get(c.row);
    if (width > 1) f.i32(31 - Math.clz32(width)).op(op.I32_SHL);
    f.op(op.I32_ADD).set(address);
    if (val.code === T_STR || val.code === T_I128) {
      const tmp = c.newVal(val.type, false);
      c.push(val);
      c.pop(tmp);
      f.get(address).get(tmp.v).mem(STORES[val.code]);
      f.get(address)
        .get(tmp.w)
        .mem(STORES[val.code], width >> 1);
    } else {
      f.get(address);
      c.push(val);
      f.mem(STORES[val.code]);
    }
  }
  // byte = byte & ~bit | present << (row & 7)
  const at = f.local(op.I32);
  f.get(t.validity).get(c.row).i32(3).op(op.I32_SHR_U, op.I32_ADD).tee(at);
  f.get(at).mem(op.I32_LOAD8_U).i32(-2).get(c.row).i32(7).op(op.I32_AND);
  const bit = f.local(op.I32);
  f.tee(bit).op(op.I32_ROTL, op.I32_AND); // rotl: all ones but the row's bit
  if (val.nul === NEVER) f.i32(1);
  else {
    c.pushNull(val);
    f.op(op.I32_EQZ);
  }
  f.get(bit).op(op.I32_SHL, op.I32_OR).mem(op.I32_STORE8);
}

/** Leaves `run` when the row's evaluation has set the error slot. What is on the operand stack is dropped with the frame. */
function checkError(c: Compiler, output: number, countLocal: number): void {
  if (!c.mayFail && !c.usesArena) return;
  const f = c.f;
  f.i32(0).mem(op.I32_LOAD, ERR_CODE).if();
  f.i32(0).get(c.row).mem(op.I32_STORE, ERR_ROW);
  f.get(output).get(countLocal).mem(op.I32_STORE, BATCH_SEL_COUNT);
  f.i32(1).op(op.RETURN);
  f.end();
}
