import { ownFileError, ownModule } from '../base/modules.js';
import { MillraceError, nearest, type ErrorPlace } from '../base/errors.js';
import type { Format } from './format.js';
import type { Connector } from './source.js';

/**
 * Connectors and formats by name. A module is imported only when a job names it; what it exports as `connector` or `format` is used.
 * Users add their own with `registerConnector('name', moduleUrl)`.
 */
const connectors = new Map<string, string>();
const formats = new Map<string, string>();
for (const name of ['kafka', 'filesystem', 'datagen', 'print', 'blackhole', 'demo', 'collection', 'iterable'])
  connectors.set(name, ownModule(`connect/${name}/index.js`));
connectors.set('upsert-kafka', ownModule('connect/kafka/upsert.js'));
for (const name of ['json', 'csv']) formats.set(name, ownModule(`format/${name}.js`));

/** What users registered, so that workers can be told: plain data. */
export interface Registrations {
  readonly connectors: readonly (readonly [string, string])[];
  readonly formats: readonly (readonly [string, string])[];
}
const added = { connectors: new Map<string, string>(), formats: new Map<string, string>() };

/** Adds a connector: `moduleUrl` is absolute (`new URL('./mine.js', import.meta.url).href`) and its module exports `connector`. */
export function registerConnector(name: string, moduleUrl: string): void {
  connectors.set(name, moduleUrl);
  added.connectors.set(name, moduleUrl);
}
/** Adds a format: `moduleUrl` is absolute and its module exports `format`. */
export function registerFormat(name: string, moduleUrl: string): void {
  formats.set(name, moduleUrl);
  added.formats.set(name, moduleUrl);
}
export function registrations(): Registrations {
  return { connectors: [...added.connectors], formats: [...added.formats] };
}
export function applyRegistrations(r: Registrations): void {
  for (const [name, url] of r.connectors) registerConnector(name, url);
  for (const [name, url] of r.formats) registerFormat(name, url);
}

/** Modules of the connectors and formats whose names stand quoted in a script: what it will most likely load. */
export function modulesNamed(script: string): string[] {
  const urls = new Set<string>();
  for (const [, name] of script.matchAll(/'([\w-]{1,60})'/g)) {
    const url = connectors.get(name) ?? formats.get(name);
    if (url !== undefined) urls.add(url);
  }
  return [...urls];
}

export async function loadConnector(name: string, place: ErrorPlace = {}): Promise<Connector> {
  const url = connectors.get(name);
  if (url === undefined) throw unknown('UNKNOWN_CONNECTOR', 'connector', name, connectors.keys(), place);
  return ((await load(url)) as { connector: Connector }).connector;
}

export async function loadFormat(name: string, place: ErrorPlace = {}): Promise<Format> {
  const url = formats.get(name);
  if (url === undefined) throw unknown('UNKNOWN_FORMAT', 'format', name, formats.keys(), place);
  return ((await load(url)) as { format: Format }).format;
}

async function load(url: string): Promise<unknown> {
  try {
    return await import(url);
  } catch (e) {
    throw ownFileError(url, e);
  }
}

function unknown(code: 'UNKNOWN_CONNECTOR' | 'UNKNOWN_FORMAT', what: string, name: string, known: Iterable<string>, place: ErrorPlace): MillraceError {
  const names = [...known];
  const near = nearest(name, names);
  return new MillraceError(code, `there is no ${what} '${name}'`, {
    place,
    remedy: `${near === undefined ? '' : `Did you mean '${near}'? `}Known: ${names.sort().join(', ')}.`,
  });
}
