/** A record's own value: not what every object has under names such as 'constructor' and '__proto__'. */
export function own<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

/** Sets an own, enumerable property under any name: assigning to '__proto__' would change the prototype instead. */
export function setOwn(record: Record<string, unknown>, name: string, value: unknown): void {
  if (name === '__proto__') Object.defineProperty(record, name, { value, writable: true, enumerable: true, configurable: true });
  else record[name] = value;
}

/** Do all objects have something under this name? */
export function isInherited(name: string): boolean {
  return name in Object.prototype;
}
