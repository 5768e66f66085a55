/** State of one key as user functions see it: plain JS containers by name, made on first use. `undefined` is no state. */

export interface ValueState<T> {
  value(): T | undefined;
  update(value: T): void;
  clear(): void;
}
export interface ListState<T> {
  get(): readonly T[];
  add(value: T): void;
  addAll(values: Iterable<T>): void;
  update(values: Iterable<T>): void;
  clear(): void;
}
export interface MapState<K, V> {
  get(key: K): V | undefined;
  put(key: K, value: V): void;
  contains(key: K): boolean;
  remove(key: K): void;
  keys(): IterableIterator<K>;
  values(): IterableIterator<V>;
  entries(): IterableIterator<[K, V]>;
  isEmpty(): boolean;
  clear(): void;
}
export interface ReducingState<T> {
  get(): T | undefined;
  add(value: T): void;
  clear(): void;
}

/** Gives state of the key under way. Handles may be kept: they always mean the current key. */
export interface StateAccess {
  valueState<T = unknown>(name: string, initial?: T): ValueState<T>;
  listState<T = unknown>(name: string): ListState<T>;
  mapState<K = unknown, V = unknown>(name: string): MapState<K, V>;
  reducingState<T = unknown>(name: string, reduce: (a: T, b: T) => T): ReducingState<T>;
}

/** State by name of one key, as snapshots hold it. */
export type NamedState = Map<string, unknown>;

/**
 * The states of one key, by the positions of their names; undefined where there is none. The first is a field of its own: with many keys a row waits
 * for the memory of each object on the way to its state.
 */
export class KeyStates {
  #first: unknown = undefined;
  #others: unknown[] | undefined = undefined;

  get(at: number): unknown {
    if (at === 0) return this.#first;
    const others = this.#others;
    return others !== undefined && at <= others.length ? others[at - 1] : undefined;
  }
  set(at: number, value: unknown): void {
    if (at === 0) {
      this.#first = value;
      return;
    }
    this.#others ??= [];
    while (this.#others.length < at) this.#others.push(undefined);
    this.#others[at - 1] = value;
  }
  get isEmpty(): boolean {
    return this.#first === undefined && (this.#others === undefined || this.#others.every((v) => v === undefined));
  }
}

/** Positions of the names of an operator's states, given at their first use. */
export class StateNames {
  readonly #names: string[] = [];

  position(name: string): number {
    const at = this.#names.indexOf(name);
    return at >= 0 ? at : this.#names.push(name) - 1;
  }
  save(states: KeyStates): NamedState {
    const named: NamedState = new Map();
    this.#names.forEach((name, i) => {
      const value = states.get(i);
      if (value !== undefined) named.set(name, value);
    });
    return named;
  }
  load(named: NamedState, states: KeyStates): void {
    for (const [name, value] of named) states.set(this.position(name), value);
  }
}

/** What handles of every kind do: state at one position of the current key's. */
class Handle<S> {
  readonly #current: () => KeyStates;
  readonly #at: number;

  constructor(current: () => KeyStates, at: number) {
    this.#current = current;
    this.#at = at;
  }
  protected load(): S | undefined {
    return this.#current().get(this.#at) as S | undefined;
  }
  protected store(value: S): void {
    this.#current().set(this.#at, value);
  }
  clear(): void {
    this.#current().set(this.#at, undefined);
  }
}

class ValueHandle<T> extends Handle<T> implements ValueState<T> {
  readonly initial: T | undefined;
  constructor(current: () => KeyStates, at: number, initial: T | undefined) {
    super(current, at);
    this.initial = initial;
  }
  value(): T | undefined {
    const value = this.load();
    return value === undefined ? this.initial : value;
  }
  update(value: T): void {
    this.store(value);
  }
}

class ListHandle<T> extends Handle<T[]> implements ListState<T> {
  get(): readonly T[] {
    return this.load() ?? [];
  }
  add(value: T): void {
    const list = this.load();
    if (list === undefined) this.store([value]);
    else list.push(value);
  }
  addAll(values: Iterable<T>): void {
    this.store([...this.get(), ...values]);
  }
  update(values: Iterable<T>): void {
    this.store([...values]);
  }
}

class MapHandle<K, V> extends Handle<Map<K, V>> implements MapState<K, V> {
  #map(): Map<K, V> {
    return this.load() ?? new Map<K, V>();
  }
  get(key: K): V | undefined {
    return this.load()?.get(key);
  }
  put(key: K, value: V): void {
    const map = this.load();
    if (map === undefined) this.store(new Map([[key, value]]));
    else map.set(key, value);
  }
  contains(key: K): boolean {
    return this.load()?.has(key) ?? false;
  }
  remove(key: K): void {
    const map = this.load();
    if (map?.delete(key) && map.size === 0) this.clear();
  }
  keys(): IterableIterator<K> {
    return this.#map().keys();
  }
  values(): IterableIterator<V> {
    return this.#map().values();
  }
  entries(): IterableIterator<[K, V]> {
    return this.#map().entries();
  }
  isEmpty(): boolean {
    return this.load() === undefined;
  }
}

class ReducingHandle<T> extends Handle<T> implements ReducingState<T> {
  readonly reduce: (a: T, b: T) => T;
  constructor(current: () => KeyStates, at: number, reduce: (a: T, b: T) => T) {
    super(current, at);
    this.reduce = reduce;
  }
  get(): T | undefined {
    return this.load();
  }
  add(value: T): void {
    const before = this.load();
    this.store(before === undefined ? value : this.reduce(before, value));
  }
}

/** A handle is made at its name's first use and given again, for functions ask for it once a row. */
export function stateAccess(names: StateNames, current: () => KeyStates): StateAccess {
  const values: (ValueHandle<unknown> | undefined)[] = [];
  const lists: (ListHandle<unknown> | undefined)[] = [];
  const maps: (MapHandle<unknown, unknown> | undefined)[] = [];
  const reducing: (ReducingHandle<unknown> | undefined)[] = [];
  return {
    valueState<T>(name: string, initial?: T): ValueState<T> {
      const at = names.position(name);
      let h = values[at];
      if (h === undefined || h.initial !== initial) {
        h = new ValueHandle<unknown>(current, at, initial);
        values[at] = h;
      }
      return h as ValueState<unknown> as ValueState<T>;
    },
    listState<T>(name: string): ListState<T> {
      const at = names.position(name);
      lists[at] ??= new ListHandle(current, at);
      return lists[at] as ListState<unknown> as ListState<T>;
    },
    mapState<K, V>(name: string): MapState<K, V> {
      const at = names.position(name);
      maps[at] ??= new MapHandle(current, at);
      return maps[at] as MapState<unknown, unknown> as MapState<K, V>;
    },
    reducingState<T>(name: string, reduce: (a: T, b: T) => T): ReducingState<T> {
      const at = names.position(name);
      let h = reducing[at];
      if (h === undefined || h.reduce !== (reduce as ReducingHandle<unknown>['reduce'])) {
        h = new ReducingHandle(current, at, reduce as ReducingHandle<unknown>['reduce']);
        reducing[at] = h;
      }
      return h as ReducingState<unknown> as ReducingState<T>;
    },
  };
}
