import { E_ARITHMETIC, E_CAST, E_DIVISION_BY_ZERO, E_NULL_ROWTIME, E_OUT_OF_MEMORY, E_PATTERN } from '#abi';
import { type ErrorCode, MillraceError } from '../base/errors.js';
import type { Expr } from '../types/expr.js';
import type { Leaf } from '../types/leaf.js';
import { DATA_ARENA, DATA_WATERMARK } from './layout.js';
import { describeExpr } from './describe.js';
import type { Engine, KernelError } from './engine.js';
import { callsOf, describeFailing, describeInput } from './failing.js';

/** A linked module of the emitter with its block of memory: constants, string arena, the batch's clock. */
export class LinkedModule {
  readonly #engine: Engine;
  readonly #run: (a: number, b: number) => number;
  readonly #reset: (() => void) | undefined;
  readonly #block: number;
  readonly #bytes: number;

  /** `name`: the export that `call` calls. */
  constructor(engine: Engine, exports: WebAssembly.Exports, name: string) {
    this.#engine = engine;
    this.#run = exports[name] as (a: number, b: number) => number;
    this.#reset = exports.reset as (() => void) | undefined;
    this.#bytes = (exports.dataBytes as WebAssembly.Global).value as number;
    this.#block = engine.alloc(this.#bytes);
    (exports.init as (block: number) => void)(this.#block);
    engine.i64[(this.#block + DATA_WATERMARK) >>> 3] = -(2n ** 63n);
  }

  /** Runs the module on its next batch: strings it made for the batch before are forgotten. */
  call(a: number, b: number): number {
    if (this.#reset !== undefined) this.#reset();
    return this.#run(a, b);
  }

  setWatermark(ms: bigint): void {
    this.#engine.i64[(this.#block + DATA_WATERMARK) >>> 3] = ms;
  }

  /**
   * What the error slot holds after `call(batch, ...)`, as an error that names the expression and shows what it read. `roots`: the expressions the module
   * was emitted from. `row` is set: the row of the batch.
   */
  failure(operator: string, roots: readonly Expr[], batch: number, leaves: readonly Leaf[]): MillraceError {
    const e = this.#engine.takeError();
    const error = this.#failure(e, operator, roots, batch, leaves);
    error.row = e?.row;
    return error;
  }

  #failure(e: KernelError | undefined, operator: string, roots: readonly Expr[], batch: number, leaves: readonly Leaf[]): MillraceError {
    const place = { operator };
    const where = (): string => {
      const call = e === undefined || e.arg === 0n ? undefined : callsOf(roots)[Number(e.arg) - 1];
      if (e === undefined || call === undefined) return '';
      const names = leaves.map((l) => l.path.join('.'));
      const input = describeInput(this.#engine, batch, e.row, call, leaves);
      return `\n  in ${describeFailing(call, names)}${input === '' ? '' : `, where ${input}`}`;
    };
    switch (e?.code) {
      case E_DIVISION_BY_ZERO:
        return new MillraceError('DIVISION_BY_ZERO', `division by zero${where()}`, {
          place,
          remedy: 'Guard the division: CASE WHEN divisor <> 0 THEN ... END, or NULLIF(divisor, 0).',
        });
      case E_CAST: {
        const text = new TextDecoder().decode(this.#engine.u8.slice(e.ptr, e.ptr + Math.min(e.length, 200)));
        return new MillraceError('CAST_FAILED', `CAST cannot convert '${text}'${where()}`, { place, remedy: 'Use TRY_CAST, which gives NULL instead.' });
      }
      case E_NULL_ROWTIME:
        return new MillraceError(
          'NULL_ROWTIME',
          `the event time ${describeExpr(
            roots[0],
            leaves.map((l) => l.path.join('.')),
          )} of a record is NULL`,
          {
            place,
            remedy: 'Filter such records out before the watermark, or give them a time with COALESCE.',
          },
        );
      case E_PATTERN:
        return new MillraceError('PATTERN_LIMIT', `a regular expression takes too many steps on this text${where()}`, {
          place,
          remedy: 'Write it without references back, lookaround, possessive and atomic parts: then its time is that of the length of the text.',
        });
      case E_ARITHMETIC:
        return new MillraceError('ARITHMETIC', `a number left the range of its type${where()}`, { place });
      case E_OUT_OF_MEMORY:
        return new MillraceError('OUT_OF_MEMORY', "a slot's memory could not grow for the strings of one batch", { place, remedy: 'Raise the parallelism.' });
      default:
        return new MillraceError('INTERNAL' satisfies ErrorCode, `an expression failed with code ${e?.code ?? 0}`, {
          place,
          remedy: 'This is a bug in millrace: please report it.',
        });
    }
  }

  close(): void {
    this.#engine.kernels.arenaFree(this.#block + DATA_ARENA);
    this.#engine.free(this.#block, this.#bytes);
  }
}
