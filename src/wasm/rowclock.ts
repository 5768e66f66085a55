import type { Expr } from '../types/expr.js';
import type { Compiler } from './compile.js';
import { DATA_NOW_US } from './layout.js';

/** At the top of each row: forgets what was evaluated for the row before, and reads the wall clock when one of the row's expressions wants it. As in Flink, all expressions of a record see one time. */
export function beginRow(c: Compiler, exprs: readonly Expr[]): void {
  c.resetScopes();
  if (!exprs.some(readsClock)) return;
  c.pushData(DATA_NOW_US);
  c.host('readClock');
}

const CLOCK_FUNCTIONS: ReadonlySet<string> = new Set(['currentTimestamp', 'currentDate', 'localTimestamp', 'proctime']);

function readsClock(e: Expr): boolean {
  return e.op === 'call' && (CLOCK_FUNCTIONS.has(e.fn) || e.args.some(readsClock));
}
