import { conjunction, conjuncts, columnsOf, isVolatile, mapColumns, simplify } from '../expr.js';
import type { Expr, Literal } from '../../types/expr.js';
import { type CalcRel, leafRefs } from '../rel.js';
import type { Rule } from './rule.js';

/** A filter is a calc that passes every column. */
export const filterToCalc: Rule = {
  name: 'FilterToCalc',
  apply: (rel) => (rel.op === 'filter' ? { op: 'calc', input: rel.input, filter: rel.condition, exprs: leafRefs(rel.schema), schema: rel.schema } : undefined),
};

export const projectToCalc: Rule = {
  name: 'ProjectToCalc',
  apply: (rel) => (rel.op === 'project' ? { op: 'calc', input: rel.input, exprs: rel.exprs, schema: rel.schema } : undefined),
};

/** Two calcs in a row are one: the upper reads what the lower computes. Not when that would evaluate a changing value (CURRENT_TIMESTAMP) twice. */
export const calcMerge: Rule = {
  name: 'CalcMerge',
  apply: (rel) => {
    if (rel.op !== 'calc' || rel.input.op !== 'calc') return undefined;
    const below: CalcRel = rel.input;
    const reads = new Map<number, number>();
    const count = (e: Expr): void => {
      if (e.op === 'col') reads.set(e.index, (reads.get(e.index) ?? 0) + 1);
      else if (e.op === 'call') e.args.forEach(count);
    };
    for (const e of rel.filter === undefined ? rel.exprs : [rel.filter, ...rel.exprs]) count(e);
    if (below.exprs.some((e, i) => (reads.get(i) ?? 0) > 1 && isVolatile(e) && !isProctime(e))) return undefined;
    const over = (e: Expr): Expr => simplify(mapColumns(e, (i, c) => keepType(below.exprs[i], c)));
    const filter = conjunction([
      ...(below.filter === undefined ? [] : conjuncts(below.filter)),
      ...(rel.filter === undefined ? [] : conjuncts(over(rel.filter))),
    ]);
    return { op: 'calc', input: below.input, filter, exprs: rel.exprs.map(over), schema: rel.schema };
  },
};

const isProctime = (e: Expr): boolean => e.op === 'call' && e.fn === 'proctime';

/** A column keeps the time attribute its reader sees. */
function keepType(e: Expr, as: Expr): Expr {
  return e.op === 'col' ? { ...e, type: as.type } : e;
}

/** A calc above UNION ALL runs in each of its inputs. */
export const calcUnionTranspose: Rule = {
  name: 'CalcUnionTranspose',
  apply: (rel) => {
    if (rel.op !== 'calc' || rel.input.op !== 'union') return undefined;
    return { op: 'union', inputs: rel.input.inputs.map((input) => ({ ...rel, input })), schema: rel.schema };
  },
};

/** Conditions on the keys of an aggregate hold for whole groups: they filter its input. */
export const filterAggregateTranspose: Rule = {
  name: 'FilterAggregateTranspose',
  apply: (rel) => {
    if (rel.op !== 'calc' || rel.filter === undefined || rel.input.op !== 'aggregate') return undefined;
    const aggregate = rel.input;
    const onKeys = (e: Expr): boolean => !isVolatile(e) && columnsOf(e).size > 0 && [...columnsOf(e)].every((i) => i < aggregate.keys.length);
    const parts = conjuncts(rel.filter);
    const down = parts.filter(onKeys);
    if (down.length === 0) return undefined;
    const condition = conjunction(down.map((e) => mapColumns(e, (i, c) => ({ op: 'col', index: aggregate.keys[i], type: c.type })))) as Expr;
    const input = { ...aggregate, input: { op: 'filter', input: aggregate.input, condition, schema: aggregate.input.schema } as const };
    return { ...rel, filter: conjunction(parts.filter((e) => !onKeys(e))), input };
  },
};

/** Constants stay constants: a project of literal rows is computed now. */
export const projectIntoValues: Rule = {
  name: 'ProjectIntoValues',
  apply: (rel) => {
    if (rel.op !== 'calc' || rel.filter !== undefined || rel.input.op !== 'values') return undefined;
    const { rows } = rel.input;
    const computed = rows.map((row) => rel.exprs.map((e) => simplify(mapColumns(e, (i) => row[i]))));
    if (!computed.every((row) => row.every((e) => e.op === 'lit'))) return undefined;
    return { op: 'values', rows: computed as Literal[][], schema: rel.schema };
  },
};
