import { MillraceError } from '../base/errors.js';
import { REGEX_INSTRUCTIONS_MAX } from '../base/limits.js';
import type { CharSet } from './charset.js';
import type { Assertion, Node } from './node.js';

/** Instructions: [op, x, y]. SPLIT tries x first. */
export const SET = 0;
export const SPLIT = 1;
export const JUMP = 2;
export const SAVE = 3;
export const ASSERT = 4;
export const MATCH = 5;
/** x = register: keeps where an iteration begins; PROGRESS x, y: where the iteration took nothing, on at y */
export const MARK = 6;
export const PROGRESS = 7;
/** x = number of a part that is matched by itself, on at y */
export const PART = 8;
export const BACK = 9;

export interface Part {
  readonly kind: 'atomic' | 'ahead' | 'notAhead' | 'behind' | 'notBehind';
  readonly start: number;
  readonly min: number;
  readonly max: number;
}

export interface Program {
  readonly code: Int32Array;
  readonly sets: readonly CharSet[];
  /** 128 bytes for each set: 1 = it holds the character */
  readonly ascii: Uint8Array;
  readonly asserts: readonly Assertion[];
  readonly parts: readonly Part[];
  readonly folds: readonly ('ascii' | 'unicode' | undefined)[];
  readonly groups: number;
  /** registers behind those of the groups: where iterations began */
  readonly registers: number;
  /** instruction -> number of its first state among those of instructions to which several others lead, or -1 */
  readonly joins: Int32Array;
  /** states in all: a join inside n loops has n + 1, by how many of them, from the inside, have taken nothing in their iteration yet */
  readonly joinStates: number;
  /** instruction -> registers of the loops around it, from the inside */
  readonly loops: readonly (readonly number[])[];
}

/** Compiles a tree; repetitions with bounds are written out. */
export class ProgramWriter {
  readonly #code: number[] = [];
  readonly #sets: CharSet[] = [];
  readonly #asserts: Assertion[] = [];
  readonly #parts: Part[] = [];
  readonly #folds: ('ascii' | 'unicode' | undefined)[] = [];
  #registers = 0;
  readonly #loops: (readonly number[])[] = [];
  /** registers of the loops around what is written, from the inside */
  #around: readonly number[] = [];
  readonly #groups: number;

  constructor(groups: number) {
    this.#groups = groups;
  }

  program(node: Node): Program {
    this.#write(node);
    this.#emit(MATCH);
    const code = Int32Array.from(this.#code);
    const joins = joinsOf(code, this.#loops);
    const registers = 2 * this.#groups + this.#registers;
    const ascii = new Uint8Array(128 * this.#sets.length);
    this.#sets.forEach((set, i) => {
      for (let cp = 0; cp < 128; cp++) ascii[128 * i + cp] = set(cp) ? 1 : 0;
    });
    return {
      code,
      ascii,
      sets: this.#sets,
      asserts: this.#asserts,
      parts: this.#parts,
      folds: this.#folds,
      groups: this.#groups,
      registers,
      loops: this.#loops,
      ...joins,
    };
  }

  get #at(): number {
    return this.#code.length / 3;
  }
  #emit(op: number, x = 0, y = 0): number {
    if (this.#at >= REGEX_INSTRUCTIONS_MAX) {
      throw new MillraceError('PATTERN_LIMIT', `a regular expression has more than ${REGEX_INSTRUCTIONS_MAX} parts when its repetitions are written out`, {
        remedy: 'Repeat less often: {n,m} stands for as many copies.',
      });
    }
    this.#code.push(op, x, y);
    this.#loops.push(this.#around);
    return this.#at - 1;
  }
  #patch(at: number, x: number, y: number): void {
    this.#code[3 * at + 1] = x;
    this.#code[3 * at + 2] = y;
  }

  #write(node: Node): void {
    switch (node.t) {
      case 'set':
        this.#emit(SET, this.#sets.push(node.set) - 1);
        break;
      case 'cat':
        for (const n of node.items) this.#write(n);
        break;
      case 'alt':
        this.#alternatives(node.items);
        break;
      case 'repeat':
        this.#repeat(node);
        break;
      case 'group':
        this.#emit(SAVE, 2 * node.n);
        this.#write(node.body);
        this.#emit(SAVE, 2 * node.n + 1);
        break;
      case 'assert':
        this.#emit(ASSERT, this.#asserts.push(node.kind) - 1);
        break;
      case 'back':
        this.#emit(BACK, node.n, this.#folds.push(node.fold) - 1);
        break;
      case 'atomic':
        this.#part('atomic', node.body, 0, 0);
        break;
      case 'look':
        this.#part(node.ahead ? (node.negative ? 'notAhead' : 'ahead') : node.negative ? 'notBehind' : 'behind', node.body, node.min, node.max);
        break;
    }
  }

  #part(kind: Part['kind'], body: Node, min: number, max: number): void {
    const at = this.#emit(PART);
    const start = this.#at;
    this.#write(body);
    this.#emit(MATCH);
    this.#patch(at, this.#parts.push({ kind, start, min, max }) - 1, this.#at);
  }

  #alternatives(items: readonly Node[]): void {
    const ends: number[] = [];
    items.forEach((n, i) => {
      if (i === items.length - 1) this.#write(n);
      else {
        const split = this.#emit(SPLIT);
        this.#write(n);
        ends.push(this.#emit(JUMP));
        this.#patch(split, split + 1, this.#at);
      }
    });
    for (const e of ends) this.#patch(e, this.#at, 0);
  }

  #repeat({ body, min, max, lazy }: Node & { t: 'repeat' }): void {
    for (let i = 0; i < min; i++) this.#write(body);
    if (max === Number.POSITIVE_INFINITY) {
      this.#loop(body, lazy);
      return;
    }
    const splits: number[] = [];
    for (let i = min; i < max; i++) {
      splits.push(this.#emit(SPLIT));
      this.#write(body);
    }
    for (const s of splits) this.#patch(s, lazy ? this.#at : s + 1, lazy ? s + 1 : this.#at);
  }

  #loop(body: Node, lazy: boolean): void {
    const split = this.#emit(SPLIT);
    const register = 2 * this.#groups + this.#registers++;
    this.#emit(MARK, register);
    const around = this.#around;
    this.#around = [register, ...around];
    this.#write(body);
    const progress = this.#emit(PROGRESS);
    this.#around = around;
    this.#emit(JUMP, split);
    this.#patch(progress, register, this.#at);
    this.#patch(split, lazy ? this.#at : split + 1, lazy ? split + 1 : this.#at);
  }
}

/** Instructions that several others lead to: a matcher that comes to one of them a second time at one place of the text has been there. */
function joinsOf(code: Int32Array, loops: readonly (readonly number[])[]): { joins: Int32Array; joinStates: number } {
  const n = code.length / 3;
  const into = new Int32Array(n + 1);
  for (let i = 0; i < n; i++) {
    const op = code[3 * i];
    if (op === SPLIT) {
      into[code[3 * i + 1]]++;
      into[code[3 * i + 2]]++;
    } else if (op === JUMP) into[code[3 * i + 1]]++;
    else {
      if (op === PROGRESS) into[code[3 * i + 2]]++;
      if (op !== MATCH) into[i + 1]++;
    }
  }
  into[0]++; // every place of the text is a start
  const joins = new Int32Array(n).fill(-1);
  let joinStates = 0;
  for (let i = 0; i < n; i++) {
    if (into[i] < 2 && i > 0) continue;
    joins[i] = joinStates;
    joinStates += loops[i].length + 1;
  }
  return { joins, joinStates };
}
