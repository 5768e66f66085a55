import type { ErrorPlace } from '../base/errors.js';
import { ownModule } from '../base/modules.js';
import { looked } from '../base/thrown.js';

/** The parts of node:inspector that are used. */
interface Session {
  connect(): void;
  disconnect(): void;
  on(event: 'Debugger.scriptParsed', listener: (m: { params: { scriptId: string; url: string } }) => void): void;
  post(method: string, params: object, done: (error: Error | null, result: never) => void): void;
}
interface Properties {
  readonly internalProperties?: readonly { name: string; value?: { value?: { scriptId: string; lineNumber: number; columnNumber: number } } }[];
}
type Builtin = (name: string) => { readonly Session: new () => Session } | undefined;

const OWN_CODE = ownModule('');
const KEY = '__millraceFunction';

/**
 * Where a function was written: V8 knows, and tells a debugger. Only after a failure that has no stack, as it is slow. Empty where Node is older
 * than 20.16 or built without its inspector.
 */
export function functionPlace(fn: unknown): ErrorPlace {
  return looked(() => ask(fn), {});
}

/** A function, or the first one of an object of functions. */
function functionOf(given: unknown): unknown {
  if (typeof given !== 'object' || given === null) return given;
  const names = [...Object.keys(given), ...Object.getOwnPropertyNames(Object.getPrototypeOf(given) ?? {})];
  return names
    .filter((n) => n !== 'constructor')
    .map((n) => (given as Record<string, unknown>)[n])
    .find((f) => typeof f === 'function');
}

function ask(given: unknown): ErrorPlace {
  const fn = functionOf(given);
  const builtin = (process as unknown as { getBuiltinModule?: Builtin }).getBuiltinModule;
  const inspector = typeof fn === 'function' ? builtin?.('node:inspector') : undefined;
  if (inspector === undefined) return {};
  const session = new inspector.Session();
  const scope = globalThis as unknown as Record<string, unknown>;
  session.connect();
  scope[KEY] = fn;
  try {
    const urls = new Map<string, string>();
    session.on('Debugger.scriptParsed', ({ params }) => urls.set(params.scriptId, params.url));
    // a session of the same thread answers before `post` returns
    let id: string | undefined;
    let place: ErrorPlace = {};
    session.post('Debugger.enable', {}, () => {});
    session.post('Runtime.evaluate', { expression: `globalThis.${KEY}` }, (_, r: { result: { objectId?: string } }) => {
      id = r.result.objectId;
    });
    session.post('Runtime.getProperties', { objectId: id, ownProperties: true }, (_, r: Properties) => {
      const at = r.internalProperties?.find((p) => p.name === '[[FunctionLocation]]')?.value?.value;
      const url = at === undefined ? undefined : urls.get(at.scriptId);
      if (at !== undefined && url?.startsWith('file:') && !url.startsWith(OWN_CODE)) {
        place = { file: decodeURIComponent(new URL(url).pathname), line: at.lineNumber + 1, column: at.columnNumber + 1 };
      }
    });
    return place;
  } finally {
    delete scope[KEY];
    session.disconnect();
  }
}
