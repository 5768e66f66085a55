import { F_STR, NODE_CLOSE, NODE_END, NODE_OPEN, NODE_STRING, X_RECORD, X_RECORD_MAX, X_ROW } from '#abi';
import { ModuleBuilder } from '../wasm/encoder.js';
import * as op from '../wasm/opcodes.js';
import { pushDigitCount, pushInteger, pushNoInteger } from './json-digits.js';
import { fixedLength, integerDigits, type ShapeNode, tailOf } from './json-graph.js';
import { branchIfOther, Constants, pushStops, Run, RUN_MAX } from './json-run.js';
import { CAPACITY, ColumnStores, END, P, ROW, X } from './json-stores.js';

const QUOTE = 0x22;
/** A newline and the brace of the next record, as a word. */
const NEXT_RECORD = 0x7b0a;

export interface EmittedReader {
  readonly bytes: Uint8Array;
  /** what stands at the address that the module's export `constants` is given */
  readonly constants: readonly number[];
}

/**
 * Writes a record reader for the shapes of a graph (nodes as readGraph orders them): `read(x, p, end, row, capacity)` gives the address after the record at p,
 * or 0 when it is refused, exactly as the graph's reader does; it goes on to the records on the lines that follow while it has rows, and leaves in X_ROW and
 * X_RECORD where it is. Bytes whose places are known are checked together (Run); branches stand where shapes part; what
 * is unforeseen goes to the graph in mid-record (jsonFields), so nothing is read twice. `leafAt` is the address of a column's descriptor.
 */
export function emitReader(nodes: readonly ShapeNode[], leafAt: (leaf: number) => number): EmittedReader {
  return new ReaderEmitter(nodes, leafAt).write();
}

class ReaderEmitter {
  readonly #module = new ModuleBuilder();
  readonly #f = this.#module.func('iiiii:i', 'read');
  readonly #base = this.#module.global(0, true, 'constants');
  readonly #constants = new Constants();
  readonly #nodes: readonly ShapeNode[];
  readonly #stores: ColumnStores;
  /** nodes that are jumped to, in order, each with the block whose end is its code */
  readonly #heads: Map<ShapeNode, number>;
  readonly #l = this.#locals();
  #unknown = 0;
  #refused = 0;
  /** the block at whose end a record is read and p stands behind it */
  #read = 0;
  // the run that is being gathered: the node before it (undefined = in the locals `node` and `tail`), and its values with their places
  #run = new Run();
  #from: ShapeNode | undefined;
  #values: { node: ShapeNode; at: number }[] = [];

  constructor(nodes: readonly ShapeNode[], leafAt: (leaf: number) => number) {
    this.#nodes = nodes;
    this.#stores = new ColumnStores(this.#module, this.#f, this.#l, leafAt);
    const ways = new Map<ShapeNode, number>();
    for (const n of nodes) for (const s of n.next) ways.set(s, (ways.get(s) ?? 0) + (n.next.length > 1 ? 2 : 1));
    this.#heads = new Map(nodes.filter((n) => (ways.get(n) ?? 0) > 1).map((n) => [n, 0]));
  }

  #locals() {
    const f = this.#f;
    const i = (): number => f.local(op.I32);
    const v = (): number => f.local(op.V128);
    const ints = { node: i(), tail: i(), q: i(), rowByte: i(), rowBit: i(), address: i(), constants: i(), start: i(), recordMax: i(), stops: f.local(op.I64) };
    return { p: P, ...ints, wrong: v(), bytes: v(), quote: v(), backslash: v(), space: v(), zero: v(), nine: v() };
  }

  write(): EmittedReader {
    const f = this.#f;
    const l = this.#l;
    f.getGlobal(this.#base).set(l.constants);
    const splat = (local: number, byte: number): void => {
      f.get(l.constants)
        .loadV128(this.#constants.offset(new Array(16).fill(byte)))
        .set(local);
    };
    splat(l.quote, QUOTE);
    splat(l.backslash, 0x5c);
    splat(l.space, 0x20);
    splat(l.zero, 0x30);
    splat(l.nine, 9);
    f.get(P).set(l.start).get(X).mem(op.I32_LOAD, X_RECORD_MAX).set(l.recordMax);
    const top = f.loop().depth;
    f.get(ROW).i32(3).op(op.I32_SHR_U).set(l.rowByte);
    f.i32(1).get(ROW).i32(7).op(op.I32_AND, op.I32_SHL).set(l.rowBit);
    this.#read = f.block().depth;
    this.#unknown = f.block().depth;
    this.#refused = f.block().depth;
    this.#stores.refused = this.#refused;
    const heads = [...this.#heads.keys()];
    for (let i = heads.length - 1; i >= 0; i--) this.#heads.set(heads[i], f.block().depth);
    this.#segment(this.#nodes[0]);
    for (const head of heads) {
      f.end();
      this.#segment(head);
    }
    f.end().i32(0).op(op.RETURN).end();
    f.get(X)
      .get(l.node)
      .get(P)
      .get(l.tail)
      .get(END)
      .get(ROW)
      .callImport(this.#module.importFunction('kernel', 'jsonFields', 'iiiiii:i'));
    f.tee(P).op(op.I32_EQZ).if().i32(0).op(op.RETURN).end().end();
    this.#nextRecord(top);
    f.end().get(P);
    return { bytes: this.#module.build(), constants: this.#constants.bytes };
  }

  /** Goes back to `top` when another record follows on the next line, and there is a row for it. */
  #nextRecord(top: number): void {
    const f = this.#f;
    const { start, recordMax } = this.#l;
    f.get(P).mem(op.I32_LOAD16_U).i32(NEXT_RECORD).op(op.I32_EQ);
    f.get(P).i32(1).op(op.I32_ADD).get(END).op(op.I32_LT_U, op.I32_AND);
    f.get(P).get(start).op(op.I32_SUB).get(recordMax).op(op.I32_LE_U, op.I32_AND);
    f.get(ROW).i32(1).op(op.I32_ADD).get(CAPACITY).op(op.I32_LT_U, op.I32_AND).if();
    f.get(X).get(ROW).i32(1).op(op.I32_ADD).tee(ROW).mem(op.I32_STORE, X_ROW);
    f.get(X).get(P).i32(1).op(op.I32_ADD).tee(P).tee(start).mem(op.I32_STORE, X_RECORD);
    f.brTo(top).end();
  }

  /** The code from a node on to where shapes part or meet, or to the record's end. */
  #segment(first: ShapeNode): void {
    const start = this.#nodes[0];
    let before: ShapeNode | undefined = first === start ? start : undefined;
    this.#from = before;
    for (let n = first; ; n = n.next[0]) {
      if (n !== start) {
        const fixed = fixedLength(n);
        if (this.#run.length + n.literal.length + Math.max(fixed, 0) > RUN_MAX) this.#flush(before);
        this.#run.literal(n.literal);
        if (n.kind === NODE_END) {
          this.#flush(n);
          this.#f.brTo(this.#read);
          return;
        }
        if (n.kind === NODE_OPEN) this.#values.push({ node: n, at: this.#run.length });
        else if (n.kind !== NODE_CLOSE) this.#value(n, fixed);
      }
      before = n;
      if (n.next.length !== 1 || this.#heads.has(n.next[0])) break;
    }
    this.#flush(before);
    this.#branch(before);
  }

  /** The value behind a node's literal, of `fixed` bytes; below 0 they vary. */
  #value(n: ShapeNode, fixed: number): void {
    if (fixed < 0) {
      this.#flush(n);
      if (n.kind === NODE_STRING) this.#variableText(n);
      else this.#variableValue(n);
      return;
    }
    this.#values.push({ node: n, at: this.#run.length });
    if (n.kind === NODE_STRING) this.#run.text(fixed);
    else this.#run.digits(fixed);
  }

  /** Ends the run: its check, its values' stores, and p behind it. The next one begins after node `next`. */
  #flush(next: ShapeNode | undefined): void {
    const f = this.#f;
    const run = this.#run;
    if (run.length > 0) {
      run.pushWrong(f, this.#l, this.#constants);
      f.if();
      if (this.#from !== undefined) this.#stand(this.#from);
      f.brTo(this.#unknown).end();
      for (const { node, at } of this.#values) {
        if (node.leaf < 0) continue;
        if (node.kind === NODE_OPEN) this.#stores.enter(node.leaf);
        else this.#stores.fixed(node, at);
      }
      f.get(P).i32(run.length).op(op.I32_ADD).set(P);
    }
    this.#run = new Run();
    this.#values = [];
    this.#from = next;
  }

  /** Notes for the graph that the record stands at p behind node `n`. */
  #stand(n: ShapeNode): void {
    this.#f.i32(n.at).set(this.#l.node).i32(tailOf(n)).set(this.#l.tail);
  }

  /** Behind node `n` come several, or one that others lead to as well. */
  #branch(n: ShapeNode): void {
    const f = this.#f;
    this.#stand(n);
    if (n.next.length === 1) {
      f.brTo(this.#heads.get(n.next[0]) as number);
      return;
    }
    for (const s of n.next) {
      const other = f.block().depth;
      branchIfOther(f, this.#l, this.#constants, s.literal, other);
      f.brTo(this.#heads.get(s) as number).end();
    }
    f.brTo(this.#unknown);
  }

  /** A string whose length varies: it ends at the first stop of 16 or 64 bytes, if that is a quote; else the kernel looks. */
  #variableText(n: ShapeNode): void {
    const f = this.#f;
    const l = this.#l;
    if (n.longest < 16) {
      f.get(P).get(P).loadV128().set(l.bytes);
      pushStops(f, l);
      f.simd(op.I8X16_BITMASK).i32(0x10000).op(op.I32_OR, op.I32_CTZ);
    } else {
      for (let at = 0; at < 64; at += 16) {
        f.get(P).loadV128(at).set(l.bytes);
        pushStops(f, l);
        f.simd(op.I8X16_BITMASK).op(op.I64_EXTEND_I32_U).i64(BigInt(at)).op(op.I64_SHL);
        if (at > 0) f.op(op.I64_OR);
      }
      f.set(l.stops).get(P).get(l.stops).op(op.I64_CTZ, op.I32_WRAP_I64);
    }
    f.op(op.I32_ADD).tee(l.q).mem(op.I32_LOAD8_U).i32(QUOTE).op(op.I32_NE).if();
    f.get(X)
      .i32(n.at)
      .get(P)
      .get(END)
      .get(ROW)
      .callImport(this.#module.importFunction('kernel', 'jsonString', 'iiiii:i'));
    f.tee(l.q).op(op.I32_EQZ).brIfTo(this.#refused);
    if (n.leaf >= 0) {
      f.else();
      if (n.type === F_STR) {
        this.#stores.view(n.leaf, () =>
          f.get(P).op(op.I64_EXTEND_I32_U).get(l.q).get(P).op(op.I32_SUB, op.I64_EXTEND_I32_U).i64(32n).op(op.I64_SHL, op.I64_OR),
        );
      } else
        this.#stores.converted(
          n,
          () => f.get(P),
          () => f.get(l.q),
        );
    }
    f.end().get(l.q).set(P);
  }

  /** A value that is no string: whole numbers at once, what is plain by a kernel that needs no node, the rest as the graph reads it. */
  #variableValue(n: ShapeNode): void {
    const [f, q] = [this.#f, this.#l.q];
    const most = n.longest > 0 ? integerDigits(n) : 0;
    const plain = most === 0 && n.leaf >= 0 && !n.nested;
    if (n.nested) f.get(P).i32(1).op(op.I32_SUB).set(P);
    if (most > 0) {
      pushDigitCount(f, this.#l);
      f.set(q);
      pushNoInteger(f, P, q, most);
      f.if();
    }
    if (plain) {
      this.#stores.plain(n);
      f.tee(q).op(op.I32_EQZ).if();
    }
    f.get(X)
      .i32(n.at)
      .get(P)
      .get(END)
      .get(ROW)
      .callImport(this.#module.importFunction('kernel', 'jsonValue', 'iiiii:i'));
    f.tee(P).op(op.I32_EQZ).brIfTo(this.#refused);
    if (plain) f.else().get(q).set(P).end();
    if (most === 0) return;
    f.else();
    if (n.leaf >= 0) this.#stores.number(n, () => pushInteger(f, P, q));
    f.get(P).get(q).op(op.I32_ADD).set(P).end();
  }
}
