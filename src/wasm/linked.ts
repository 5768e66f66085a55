import { E_ARITHMETIC, E_CAST, E_DIVISION_BY_ZERO, E_NULL_ROWTIME, E_OUT_OF_MEMORY } from '#abi';
import { type ErrorCode, MillraceError } from '../base/errors.js';
import type { Expr } from '../types/expr.js';
import { DATA_ARENA, DATA_WATERMARK } from './layout.js';
import { describeExpr } from './describe.js';
import type { Engine } from './engine.js';

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

  /** What the error slot holds, as an error that names the operator and shows the value. */
  failure(operator: string, expr?: Expr): MillraceError {
    const e = this.#engine.takeError();
    const place = { operator };
    switch (e?.code) {
      case E_DIVISION_BY_ZERO:
        return new MillraceError('DIVISION_BY_ZERO', 'division by zero', {
          place,
          remedy: 'Guard the division: CASE WHEN divisor <> 0 THEN ... END, or NULLIF(divisor, 0).',
        });
      case E_CAST: {
        const text = new TextDecoder().decode(this.#engine.u8.slice(e.ptr, e.ptr + Math.min(e.length, 200)));
        return new MillraceError('CAST_FAILED', `CAST cannot convert '${text}'`, { place, remedy: 'Use TRY_CAST, which gives NULL instead.' });
      }
      case E_NULL_ROWTIME:
        return new MillraceError('NULL_ROWTIME', `the event time${expr === undefined ? '' : ` ${describeExpr(expr)}`} of a record is NULL`, {
          place,
          remedy: 'Filter such records out before the watermark, or give them a time with COALESCE.',
        });
      case E_ARITHMETIC:
        return new MillraceError('ARITHMETIC', 'a number left the range of its type', { place });
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
