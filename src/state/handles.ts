/** State of one key as user functions see it: plain JS containers by name, made on first use. */

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

/** State by name of one key. */
export type NamedState = Map<string, unknown>;

export function stateAccess(current: () => NamedState): StateAccess {
  const list = <T>(name: string): T[] => (current().get(name) as T[] | undefined) ?? [];
  const map = <K, V>(name: string): Map<K, V> => (current().get(name) as Map<K, V> | undefined) ?? new Map<K, V>();
  const clear = (name: string) => (): void => {
    current().delete(name);
  };
  return {
    valueState: <T>(name: string, initial?: T): ValueState<T> => ({
      value: () => (current().has(name) ? (current().get(name) as T) : initial),
      update: (value) => void current().set(name, value),
      clear: clear(name),
    }),
    listState: <T>(name: string): ListState<T> => ({
      get: () => list<T>(name),
      add: (value) => {
        const l = current().get(name) as T[] | undefined;
        if (l === undefined) current().set(name, [value]);
        else l.push(value);
      },
      addAll: (values) => void current().set(name, [...list<T>(name), ...values]),
      update: (values) => void current().set(name, [...values]),
      clear: clear(name),
    }),
    mapState: <K, V>(name: string): MapState<K, V> => ({
      get: (key) => map<K, V>(name).get(key),
      put: (key, value) => {
        const m = map<K, V>(name);
        m.set(key, value);
        current().set(name, m);
      },
      contains: (key) => map<K, V>(name).has(key),
      remove: (key) => {
        const m = map<K, V>(name);
        if (m.delete(key) && m.size === 0) current().delete(name);
      },
      keys: () => map<K, V>(name).keys(),
      values: () => map<K, V>(name).values(),
      entries: () => map<K, V>(name).entries(),
      isEmpty: () => map<K, V>(name).size === 0,
      clear: clear(name),
    }),
    reducingState: <T>(name: string, reduce: (a: T, b: T) => T): ReducingState<T> => ({
      get: () => current().get(name) as T | undefined,
      add: (value) => void current().set(name, current().has(name) ? reduce(current().get(name) as T, value) : value),
      clear: clear(name),
    }),
  };
}
