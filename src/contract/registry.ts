import { MillraceError, nearest, type ErrorPlace } from '../base/errors.js';
import type { Format } from './format.js';
import type { Connector } from './source.js';

/**
 * Connectors and formats by name. A module is imported only when a job names it; what it exports as `connector` or `format` is used.
 * Users add their own with `registerConnector('name', moduleUrl)`.
 */
const connectors = new Map<string, string>();
const formats = new Map<string, string>();

/** Relative specifiers resolve against this file. */
export function registerConnector(name: string, moduleUrl: string): void {
  connectors.set(name, moduleUrl);
}
export function registerFormat(name: string, moduleUrl: string): void {
  formats.set(name, moduleUrl);
}

for (const name of ['kafka', 'filesystem', 'datagen', 'print', 'blackhole', 'demo']) registerConnector(name, `../connect/${name}/index.js`);
for (const name of ['json', 'csv']) registerFormat(name, `../format/${name}.js`);

export async function loadConnector(name: string, place: ErrorPlace = {}): Promise<Connector> {
  const url = connectors.get(name);
  if (url === undefined) throw unknown('UNKNOWN_CONNECTOR', 'connector', name, connectors.keys(), place);
  const module = (await import(url)) as { connector: Connector };
  return module.connector;
}

export async function loadFormat(name: string, place: ErrorPlace = {}): Promise<Format> {
  const url = formats.get(name);
  if (url === undefined) throw unknown('UNKNOWN_FORMAT', 'format', name, formats.keys(), place);
  const module = (await import(url)) as { format: Format };
  return module.format;
}

function unknown(code: 'UNKNOWN_CONNECTOR' | 'UNKNOWN_FORMAT', what: string, name: string, known: Iterable<string>, place: ErrorPlace): MillraceError {
  const names = [...known];
  const near = nearest(name, names);
  return new MillraceError(code, `there is no ${what} '${name}'`, {
    place,
    remedy: `${near === undefined ? '' : `Did you mean '${near}'? `}Known: ${names.sort().join(', ')}.`,
  });
}
