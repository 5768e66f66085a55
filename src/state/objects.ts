import { deserialize, serialize } from 'node:v8';
import { MillraceError } from '../base/errors.js';
import type { OperatorSnapshot } from '../contract/operator.js';
import { keyId } from './keys.js';

/** Keyed state of JS values: one entry per key, kept by key group. Serialised by the structured clone algorithm. */
export class KeyedObjects<E extends { readonly key: unknown }> {
  /** by key group: a Map holds 2^24 keys at most */
  readonly #groups: (Map<unknown, E> | undefined)[] = [];
  readonly #make: (key: unknown, group: number) => E;
  readonly #operator: string;

  constructor(operator: string, make: (key: unknown, group: number) => E) {
    this.#operator = operator;
    this.#make = make;
  }

  /** The entry of a key, made when it is new. */
  entry(group: number, key: unknown): E {
    while (this.#groups.length <= group) this.#groups.push(undefined);
    let entries = this.#groups[group];
    if (entries === undefined) {
      entries = new Map();
      this.#groups[group] = entries;
    }
    const id = keyId(key);
    let e = entries.get(id);
    if (e === undefined) {
      e = this.#make(key, group);
      entries.set(id, e);
    }
    return e;
  }

  delete(group: number, key: unknown): void {
    const entries = this.#groups[group];
    if (entries?.delete(keyId(key)) && entries.size === 0) this.#groups[group] = undefined;
  }

  snapshot(plain: (entry: E) => unknown): OperatorSnapshot['keyed'] {
    return this.#groups.flatMap((entries, group) => {
      if (entries === undefined) return [];
      try {
        return [{ group, bytes: serialize([...entries.values()].map((e) => [e.key, plain(e)])) }];
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
