import { isInherited } from '../base/own.js';

const toText = Function.prototype.toString;
/** Up to the parameters of a function, a method or an arrow function, and the parameters when none of them holds a parenthesis. */
const PARAMETERS = /^(?:async\b)?\s*(?:function\b)?\s*\*?\s*[\w$]*\s*\(([^()]*)\)/;
const ONE_PARAMETER = /^(?:async\s+)?([A-Za-z_$][\w$]*)\s*=>/;
const NAME = /^[A-Za-z_$][\w$]*$/;
/** `{ a, b: c }` as the only or first parameter. */
const FIELDS = /^\s*\{([\w$\s,:]*)\}\s*(?:,|$)/;
/** What a text may hold that reaches a parameter without its name. */
const HIDDEN = /\barguments\b|\beval\b|\\u|\[native code\]/;
const WRITES = /^\s*(?:=(?![=>])|\+\+|--|(?:[-+*/%&|^]|\*\*|<<|>>>?|&&|\|\||\?\?)=(?!=))/;

/**
 * Does a function use its n-th parameter only to read fields by name (`row.a`, `row?.a`, a destructured `{ a, b }`)? Then it may be given a handle that
 * reads lazily, for it cannot tell one from an object that has the fields. Where the text leaves a doubt the answer is no: what a function means does not
 * depend on it, only how fast it gets its rows. (A Proxy costs four times as much per row, properties of its own forty times.)
 */
export function onlyReadsFields(fn: unknown, parameter = 0): boolean {
  if (typeof fn !== 'function') return false;
  const text = toText.call(fn);
  if (HIDDEN.test(text)) return false;
  const single = ONE_PARAMETER.exec(text);
  if (single !== null) return parameter === 0 && readsFields(text.slice(single[0].length), single[1]);
  const m = PARAMETERS.exec(text);
  if (m === null) return false;
  if (parameter === 0) {
    const fields = FIELDS.exec(m[1]);
    if (fields !== null) return fields[1].split(',').every((f) => !isInherited(f.split(':')[0].trim()));
  }
  const names = m[1].split(',').map((p) => p.trim());
  if (names.at(-1) === '') names.pop();
  if (!names.every((n) => NAME.test(n))) return false;
  return names.length <= parameter || readsFields(text.slice(m[0].length), names[parameter]);
}

/** Does one of these functions (or of the objects with `processElement`) need rows with properties of their own? */
export function needsWholeRows(...functions: readonly unknown[]): boolean {
  return functions.some(
    (f) => f !== undefined && !onlyReadsFields(typeof f === 'object' && f !== null ? (f as { processElement?: unknown }).processElement : f),
  );
}

function readsFields(body: string, name: string): boolean {
  const uses = new RegExp(`(?<![\\w$\\u0080-\\uffff])${name.replaceAll('$', '\\$')}(?![\\w$\\u0080-\\uffff])`, 'g');
  for (const m of body.matchAll(uses)) if (!isFieldRead(body.slice(0, m.index), body.slice(m.index + name.length))) return false;
  return true;
}

/** A parameter's name between these texts: does a field of it follow (or is it no use of the parameter, but a property of that name)? */
function isFieldRead(before: string, after: string): boolean {
  if (/(?:^|[^.])\.\s*$/.test(before)) return true;
  if (/[{,]\s*$/.test(before) && /^\s*:/.test(after)) return true;
  const field = /^\s*\??\.\s*([A-Za-z_$][\w$]*)(?![\w$\u0080-\uffff])/.exec(after);
  if (field === null || isInherited(field[1])) return false;
  return !WRITES.test(after.slice(field[0].length)) && !/(?:\+\+|--|\bdelete)\s*$/.test(before);
}
