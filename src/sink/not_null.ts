import { MillraceError } from '../base/errors.js';
import type { MetricGroup } from '../base/metrics.js';
import type { Batch } from '../batch/batch.js';
import type { SinkConfig } from '../contract/sink.js';
import { leafCount } from '../types/leaf.js';
import type { Engine } from '../wasm/engine.js';

/** Flink's table.exec.sink.not-null-enforcer: ERROR fails the job at a NULL for a NOT NULL column, DROP leaves such rows out. */
export class NotNullCheck {
  readonly #engine: Engine;
  readonly #table: string;
  readonly #drop: boolean;
  readonly #columns: { readonly leaf: number; readonly name: string }[] = [];
  readonly #dropped;
  /** own selection vector for DROP: the batch's may be shared with other receivers */
  #sel = 0;
  #selCapacity = 0;

  constructor(engine: Engine, sink: SinkConfig, enforcer: string, metrics: MetricGroup) {
    this.#engine = engine;
    this.#table = sink.tableName;
    this.#drop = enforcer.toUpperCase() === 'DROP';
    this.#dropped = metrics.counter('numRecordsDroppedByNotNull');
    let leaf = 0;
    for (const f of sink.schema.fields) {
      if (!f.type.nullable) this.#columns.push({ leaf, name: f.name });
      leaf += leafCount(f.type);
    }
  }

  get active(): boolean {
    return this.#columns.length > 0;
  }

  /** Narrows the batch's selection: the caller puts `sel` and `selCount` back afterwards. Returns the failure to throw after the rows before it are written. */
  check(batch: Batch): MillraceError | undefined {
    let error: MillraceError | undefined;
    for (const { leaf, name } of this.#columns) {
      if (batch.nulls(leaf) !== 0) error = this.#checkRows(batch, leaf, name) ?? error;
    }
    return error;
  }

  /** Unselected rows may hold NULLs: looks at each selected one. */
  #checkRows(batch: Batch, leaf: number, name: string): MillraceError | undefined {
    const n = batch.selCount;
    if (this.#drop && this.#selCapacity < batch.capacity) {
      if (this.#selCapacity > 0) this.#engine.free(this.#sel, this.#selCapacity * 4);
      this.#selCapacity = batch.capacity;
      this.#sel = this.#engine.alloc(batch.capacity * 4);
    }
    const u32 = this.#engine.u32;
    const sel = batch.sel >>> 2;
    const out = this.#sel >>> 2;
    let kept = 0;
    for (let i = 0; i < n; i++) {
      const row = u32[sel + i];
      if (!batch.isNull(leaf, row)) {
        if (this.#drop) u32[out + kept] = row;
        kept++;
      } else if (!this.#drop) {
        batch.selCount = i;
        return new MillraceError('NOT_NULL_VIOLATION', `column '${name}' of table '${this.#table}' is NOT NULL, but a NULL is being written into it`, {
          place: { operator: this.#table },
          remedy: "Filter such rows, or SET 'table.exec.sink.not-null-enforcer' = 'DROP' to leave them out.",
        });
      }
    }
    this.#dropped.add(n - kept);
    if (kept === n) return undefined;
    batch.sel = this.#sel;
    batch.selCount = kept;
    return undefined;
  }
}
