import { REGEX_MEMORY_BYTES_MAX, REGEX_STEPS_MAX } from '../base/limits.js';
import { holds } from './assertions.js';
import { alike } from './charset.js';
import { ASSERT, BACK, JUMP, MARK, MATCH, PART, PROGRESS, type Program, SAVE, SET, SPLIT } from './program.js';

/** A matcher gave up: a limit of steps or of memory. */
export class PatternLimit extends Error {}

/** Steps for each character of a text before a linear pattern begins to remember. */
const PLAIN_STEPS = 64;
const TRY_AGAIN = Symbol('try again');

/**
 * Matches as java.util.regex does: the leftmost match, and of those the first that backtracking finds. What has failed at an instruction and a place of
 * the text is not tried again, so the time is that of the program times the text; with references back, lookaround, atomic and possessive
 * parts that does not hold, and the steps are counted instead.
 */
export class Matcher {
  readonly #program: Program;
  readonly #linear: boolean;
  readonly #plainSteps: number;
  /** bit per join and place: has been tried */
  #tried = new Uint32Array(0);
  #places = 0;
  /** what to go on with after a failure: (instruction, place), or (-1 - register, old value) */
  #stack = new Int32Array(256);
  #height = 0;
  #steps = 0;
  #stepsMax = 0;
  #remembers = false;
  #text = '';
  /** starts and ends of the groups, then the registers of loops; -1 = none */
  readonly slots: Int32Array;

  /** `plainSteps`: for each character of a text before a linear pattern begins to remember. */
  constructor(program: Program, linear: boolean, plainSteps = PLAIN_STEPS) {
    this.#program = program;
    this.#linear = linear;
    this.#plainSteps = plainSteps;
    this.slots = new Int32Array(program.registers);
  }

  /** Finds the first match; its groups are in `slots`. Fails with PatternLimit. */
  find(text: string): boolean {
    this.#text = text;
    this.#steps = 0;
    this.#remembers = false;
    this.#stepsMax = this.#linear ? this.#plainSteps * (text.length + 1) : REGEX_STEPS_MAX;
    try {
      return this.#search(text);
    } catch (e) {
      if (e !== TRY_AGAIN) throw e;
    }
    // what was tried is remembered from here on: most texts never need it
    this.#remembers = true;
    this.#stepsMax = Number.POSITIVE_INFINITY;
    this.#forget(text.length + 1);
    return this.#search(text);
  }

  #search(text: string): boolean {
    for (let from = 0; from <= text.length; from++) {
      this.slots.fill(-1);
      this.#height = 0;
      const end = this.#run(0, from, -1);
      if (end >= 0) {
        this.slots[0] = from;
        this.slots[1] = end;
        return true;
      }
      // a pair of surrogates is one character
      if (from < text.length && text.codePointAt(from)! > 0xffff) from++;
    }
    return false;
  }

  #forget(places: number): void {
    const words = Math.ceil((this.#program.joinStates * places) / 32);
    if (4 * words > REGEX_MEMORY_BYTES_MAX) throw new PatternLimit();
    this.#places = places;
    if (this.#tried.length < words) this.#tried = new Uint32Array(words);
    else this.#tried.fill(0, 0, words);
  }

  #push(a: number, b: number): void {
    if (this.#height + 2 > this.#stack.length) {
      if (this.#stack.length * 8 > REGEX_MEMORY_BYTES_MAX) throw new PatternLimit();
      const more = new Int32Array(this.#stack.length * 2);
      more.set(this.#stack);
      this.#stack = more;
    }
    this.#stack[this.#height++] = a;
    this.#stack[this.#height++] = b;
  }
  #set(slot: number, value: number): void {
    this.#push(-1 - slot, this.slots[slot]);
    this.slots[slot] = value;
  }

  /** Runs from an instruction at a place; where it ends, -1 when it fails. `mustEnd`: it counts only when it ends there. Slots are as they were when it fails. */
  #run(start: number, from: number, mustEnd: number): number {
    const { code, joins } = this.#program;
    const text = this.#text;
    const floor = this.#height;
    let pc = start;
    let at = from;
    for (;;) {
      if (++this.#steps > this.#stepsMax) throw this.#linear ? TRY_AGAIN : new PatternLimit();
      let ok = true;
      if (this.#remembers && joins[pc] >= 0) ok = this.#first(pc, at);
      const x = code[3 * pc + 1];
      if (ok)
        switch (code[3 * pc]) {
          case SET: {
            at = this.#through(x, at);
            ok = at >= 0;
            pc++;
            break;
          }
          case SPLIT:
            this.#push(code[3 * pc + 2], at);
            pc = x;
            break;
          case JUMP:
            pc = x;
            break;
          case SAVE:
          case MARK:
            this.#set(x, at);
            pc++;
            break;
          case PROGRESS:
            pc = this.slots[x] === at ? code[3 * pc + 2] : pc + 1;
            break;
          case ASSERT:
            ok = holds(this.#program.asserts[x], text, at);
            pc++;
            break;
          case PART: {
            const end = this.#part(x, at);
            ok = end >= 0;
            at = end;
            pc = code[3 * pc + 2];
            break;
          }
          case BACK: {
            const end = this.#back(x, this.#program.folds[code[3 * pc + 2]], at);
            ok = end >= 0;
            at = end;
            pc++;
            break;
          }
          case MATCH:
            if (mustEnd < 0 || at === mustEnd) {
              this.#keep(floor);
              return at;
            }
            ok = false;
        }
      if (ok) continue;
      do {
        if (this.#height === floor) return -1;
        at = this.#stack[--this.#height];
        pc = this.#stack[--this.#height];
        if (pc < 0) this.slots[-1 - pc] = at;
      } while (pc < 0);
    }
  }

  /** Where the character at `at` ends, when it is in the set; else -1. */
  #through(set: number, at: number): number {
    if (at >= this.#text.length) return -1;
    const unit = this.#text.charCodeAt(at);
    if (unit < 128) return this.#program.ascii[(set << 7) + unit] !== 0 ? at + 1 : -1;
    const cp = this.#text.codePointAt(at)!;
    return this.#program.sets[set](cp) ? at + (cp > 0xffff ? 2 : 1) : -1;
  }

  /** Whether this state is here for the first time. */
  #first(pc: number, at: number): boolean {
    const loops = this.#program.loops[pc];
    let empty = 0;
    while (empty < loops.length && this.slots[loops[empty]] === at) empty++;
    const bit = (this.#program.joins[pc] + empty) * this.#places + at;
    const word = Math.floor(bit / 32);
    const mask = 1 << (bit % 32);
    if ((this.#tried[word] & mask) !== 0) return false;
    this.#tried[word] |= mask;
    return true;
  }

  /** A run is done: its choices are gone, the old values of slots stay for whoever fails later. */
  #keep(floor: number): void {
    let to = floor;
    for (let i = floor; i < this.#height; i += 2) {
      if (this.#stack[i] >= 0) continue;
      this.#stack[to++] = this.#stack[i];
      this.#stack[to++] = this.#stack[i + 1];
    }
    this.#height = to;
  }
  #undo(floor: number): void {
    while (this.#height > floor) {
      const old = this.#stack[--this.#height];
      this.slots[-1 - this.#stack[--this.#height]] = old;
    }
  }

  /** Where the text goes on behind a part that is matched by itself; -1 when it does not hold. */
  #part(number: number, at: number): number {
    const { kind, start, min, max } = this.#program.parts[number];
    const floor = this.#height;
    if (kind === 'atomic') return this.#run(start, at, -1);
    let found = false;
    if (kind === 'ahead' || kind === 'notAhead') found = this.#run(start, at, -1) >= 0;
    else for (let from = at - min; !found && from >= Math.max(0, at - max); from--) found = this.#run(start, from, at) >= 0;
    if (kind === 'ahead' || kind === 'behind') return found ? at : -1;
    if (!found) return at;
    this.#undo(floor);
    return -1;
  }

  #back(group: number, fold: 'ascii' | 'unicode' | undefined, at: number): number {
    if (group >= this.#program.groups) return -1;
    const [start, end] = [this.slots[2 * group], this.slots[2 * group + 1]];
    if (start < 0 || end < start || at + end - start > this.#text.length) return -1;
    const text = this.#text;
    for (let i = 0; i < end - start; i++) {
      const [a, b] = [text.charCodeAt(start + i), text.charCodeAt(at + i)];
      if (a !== b && (fold === undefined || !alike(a, b, fold === 'unicode'))) return -1;
    }
    return at + end - start;
  }
}
