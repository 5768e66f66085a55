import { BATCH_ROWS_MAX } from '#abi';
import { MillraceError } from '../base/errors.js';
import { ElementWriter } from '../batch/element.js';
import { owned } from '../batch/rows.js';
import { flatten, type Leaf } from '../types/leaf.js';
import type { Schema } from '../types/logical.js';
import type { Operator, OperatorContext } from './operator.js';
import { functionPlace } from './function-place.js';
import { isThenable, userError } from './user-code.js';

/** Given by a unit of work when there is none left. */
export const NO_MORE: unique symbol = Symbol('no more');

/** Where user functions put results. */
export interface Collector<T = unknown> {
  collect(value: T): void;
}

/** One output (the main one, or a side output): a batch being filled and what did not fit. */
class Outlet {
  readonly #writer: ElementWriter;
  readonly #emit: (batch: ElementWriter['batch']) => void;
  #overflow: { value: unknown; timeMs: number | undefined }[] = [];
  /** the batch was handed over: it may be read until this operator's next event, so it is cleared only then */
  #emitted = false;

  constructor(ctx: OperatorContext, leaves: readonly Leaf[], emit: (batch: ElementWriter['batch']) => void) {
    this.#writer = new ElementWriter(ctx.engine, leaves, { operator: ctx.name }, BATCH_ROWS_MAX);
    this.#emit = emit;
  }
  add(value: unknown, timeMs: number | undefined): void {
    if (this.#emitted) this.renew();
    if (this.#writer.full) this.#overflow.push({ value: owned(value), timeMs });
    else this.#writer.add(value, timeMs);
  }
  /** After the receiver of the last batch is done: an empty batch, filled with what waits. */
  renew(): void {
    if (!this.#emitted) return;
    this.#emitted = false;
    this.#writer.clear();
    if (this.#overflow.length === 0) return;
    const rest = this.#overflow;
    this.#overflow = [];
    for (const r of rest) this.add(r.value, r.timeMs);
  }
  get full(): boolean {
    return !this.#emitted && this.#writer.full;
  }
  /** Emits one batch; true when rows are left. */
  flush(): boolean {
    if (this.#emitted || this.#writer.count === 0) return this.#overflow.length > 0;
    const batch = this.#writer.finish();
    this.#emitted = true;
    this.#emit(batch);
    return this.#overflow.length > 0;
  }
}

/**
 * Base of operators that call users' functions one element (or timer) at a time. A function may collect any number of results, return an iterable
 * of results (a generator is pulled batch by batch), or a promise; a promise holds the operator back, so order and keyed state are as in synchronous code.
 */
export abstract class UserOperator implements Operator {
  protected readonly ctx: OperatorContext;
  /** the user's function, or an object of functions */
  readonly #fn: unknown;
  readonly #main: Outlet;
  readonly #sides = new Map<string, Outlet>();
  /** the main output and the side outputs */
  readonly #outlets: Outlet[];
  #next: (() => unknown) | undefined;
  #after: (() => void) | undefined;
  #iterator: Iterator<unknown> | undefined;
  #waiting = false;
  /** timestamp of what is being processed: results carry it */
  protected timeMs: number | undefined;
  protected readonly collector: Collector = { collect: (value) => this.#main.add(value, this.timeMs) };

  constructor(ctx: OperatorContext, fn: unknown, sides: Readonly<Record<string, Schema>> = {}) {
    this.ctx = ctx;
    this.#fn = fn;
    this.#main = new Outlet(ctx, ctx.output, (batch) => ctx.out.emit(batch));
    for (const [tag, schema] of Object.entries(sides)) this.#sides.set(tag, new Outlet(ctx, flatten(schema), (batch) => ctx.out.emitSide(tag, batch)));
    this.#outlets = [this.#main, ...this.#sides.values()];
  }

  protected readonly output = (tag: string | { readonly id: string }, value: unknown, timeMs: number | undefined = this.timeMs): void => {
    const id = typeof tag === 'string' ? tag : tag.id;
    this.#sides.get(id)?.add(value, timeMs); // nobody listens to other tags
  };

  /** Calls a function of the user's outside of `work`. */
  protected guarded<T>(call: () => T): T {
    try {
      return call();
    } catch (e) {
      throw this.#blamed(e);
    }
  }
  #blamed(error: unknown): MillraceError {
    return userError(error, this.ctx.name, this.#fn);
  }

  /** Does `next` until it gives NO_MORE, then `after`. Returns true when work is owed to `resume`. */
  protected work(next: () => unknown, after: () => void = () => {}): boolean {
    this.#next = next;
    this.#after = after;
    return this.resume();
  }

  get waiting(): boolean {
    return this.#waiting;
  }

  resume(): boolean {
    if (this.#waiting) return true;
    for (const o of this.#outlets) o.renew();
    for (;;) {
      if (this.#full()) {
        this.#flush();
        return true;
      }
      let result: unknown;
      try {
        if (this.#iterator !== undefined) {
          const step = this.#iterator.next();
          if (step.done) this.#iterator = undefined;
          else this.collector.collect(step.value);
          continue;
        }
        result = this.#next!();
        if (result === undefined || result === null) continue;
        if (result !== NO_MORE) {
          if (isThenable(result)) {
            this.#wait(result);
            return true;
          }
          this.#results(result);
          continue;
        }
      } catch (e) {
        throw this.#blamed(e);
      }
      return this.#end();
    }
  }

  #end(): boolean {
    if (this.#flush()) return true;
    this.#after?.();
    return false;
  }

  #wait(promise: PromiseLike<unknown>): void {
    this.#waiting = true;
    this.ctx.hold(
      Promise.resolve(promise).then(
        (value) => {
          this.#waiting = false;
          if (value !== undefined && value !== null) this.guarded(() => this.#results(value));
        },
        (e: unknown) => {
          this.#waiting = false;
          throw this.#blamed(e);
        },
      ),
    );
  }

  #results(value: unknown): void {
    if (typeof value !== 'object' || !(Symbol.iterator in (value as object))) {
      const what =
        typeof value === 'object' && Symbol.asyncIterator in (value as object)
          ? 'an async iterable'
          : `${typeof value === 'object' ? 'an' : 'a'} ${typeof value}`;
      throw new MillraceError('USER_CODE', `a function of '${this.ctx.name}' returned ${what}, which is no list of results`, {
        place: { ...functionPlace(this.#fn), operator: this.ctx.name },
        remedy: 'Call out.collect(value), also in an async function, or return an array or a generator (function*).',
      });
    }
    this.#iterator = (value as Iterable<unknown>)[Symbol.iterator]();
  }

  #full(): boolean {
    const outlets = this.#outlets;
    for (let i = 0; i < outlets.length; i++) if (outlets[i].full) return true;
    return false;
  }
  #flush(): boolean {
    let more = false;
    for (const o of this.#outlets) more = o.flush() || more;
    return more;
  }

  abstract processBatch(...args: Parameters<Operator['processBatch']>): boolean;
}
