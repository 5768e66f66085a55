import { deserialize, serialize } from 'node:v8';
import { MillraceError } from '../base/errors.js';
import type { OperatorSnapshot } from '../contract/operator.js';
import { keyId } from './keys.js';

/** Keyed state of JS values: one entry per key, kept by key group. Serialised by the structured clone algorithm. */
export class KeyedObjects<E> {
  readonly #groups = new Map<number, Map<unknown, { key: unknown; entry: E }>>();
  readonly #make: (key: unknown, group: number) => E;
  readonly #operator: string;

  constructor(operator: string, make: (key: unknown, group: number) => E) {
    this.#operator = operator;
    this.#make = make;
  }

  /** The entry of a key, made when it is new. */
  entry(group: number, key: unknown): E {
    let entries = this.#groups.get(group);
    if (entries === undefined) {
      entries = new Map();
      this.#groups.set(group, entries);
    }
    const id = keyId(key);
    let e = entries.get(id);
    if (e === undefined) {
      e = { key, entry: this.#make(key, group) };
      entries.set(id, e);
    }
    return e.entry;
  }

  delete(group: number, key: unknown): void {
    const entries = this.#groups.get(group);
    if (entries?.delete(keyId(key)) && entries.size === 0) this.#groups.delete(group);
  }

  snapshot(plain: (entry: E) => unknown): OperatorSnapshot['keyed'] {
    return [...this.#groups].map(([group, entries]) => {
      try {
        return { group, bytes: serialize([...entries.values()].map((e) => [e.key, plain(e.entry)])) };
      } catch (cause) {
        throw new MillraceError('USER_CODE', `the state of '${this.#operator}' holds a value that cannot be stored`, {
          place: { operator: this.#operator },
          remedy: 'Keep plain data in keys, elements and state: no functions, no class instances with private fields.',
          cause,
        });
      }
    });
  }

  restore(keyed: OperatorSnapshot['keyed'], fill: (entry: E, plain: never, key: unknown, group: number) => void): void {
    for (const { group, bytes } of keyed) {
      for (const [key, plain] of deserialize(bytes) as [unknown, never][]) fill(this.entry(group, key), plain, key, group);
    }
  }
}
