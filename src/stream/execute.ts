import { ownModule } from '../base/modules.js';
import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import { MillraceError } from '../base/errors.js';
import { moduleError } from '../contract/user-code.js';
import { executeGraph, type JobHandle } from '../job/execute.js';
import { checkConnectors } from './connectors.js';
import { type ExecuteJobOptions, StreamExecutionEnvironment } from './environment.js';
import { type BuiltGraph, graphHash } from './graph-builder.js';

/** Runs a graph that was built in this thread: with functions here, at parallelism 1; without any in workers. */
export async function executeBuilt(built: BuiltGraph, options: ExecuteJobOptions): Promise<JobHandle> {
  refuseEmpty(built);
  const inline = built.closures.length > 0;
  const wide = built.graph.nodes.find((n) => (n.parallelism ?? 1) > 1);
  const asked = Math.max(Number(built.graph.options['parallelism.default'] ?? 1), wide?.parallelism ?? 1);
  if (inline && asked > 1) {
    throw new MillraceError('GRAPH_INVALID', `a job whose functions live in this thread runs at parallelism 1, not ${asked}`, {
      remedy: 'Put the job into a module whose default export (env) => void builds the graph, and run it with `millrace run job.js` or executeModule(url).',
    });
  }
  const graph = await checkConnectors(built.graph);
  return executeGraph(graph, { ...options, ...(inline ? { closures: built.closures } : {}) });
}

function refuseEmpty(built: BuiltGraph, file?: string): void {
  if (built.graph.nodes.some((n) => n.kind === 'sink')) return;
  throw new MillraceError('GRAPH_INVALID', 'the job writes nothing: it has no sink', {
    place: file === undefined ? {} : { file },
    remedy: 'End a stream with sinkTo(...), print() or executeAndCollect().',
  });
}

/** The URL of a module given by path or URL. */
export function moduleUrl(pathOrUrl: string | URL): string {
  const text = String(pathOrUrl);
  if (/^[a-z][a-z+.-]+:/i.test(text)) return text;
  return isAbsolute(text) ? pathToFileURL(text).href : pathToFileURL(`${process.cwd()}/${text}`).href;
}

/** Imports a module; TypeScript where Node strips types, else through tsx when it is installed. */
async function importModule(url: string): Promise<{ default?: unknown }> {
  try {
    return (await import(url)) as { default?: unknown };
  } catch (e) {
    if ((e as { code?: string }).code !== 'ERR_UNKNOWN_FILE_EXTENSION' || !/\.[cm]?ts$/.test(url)) throw e;
  }
  const name: string = 'tsx/esm/api'; // optional: resolved at run time only
  let tsx: { tsImport(url: string, from: string): Promise<{ default?: unknown }> };
  try {
    tsx = (await import(name)) as typeof tsx;
  } catch (cause) {
    throw new MillraceError('NOT_SUPPORTED', 'this version of Node does not run TypeScript', {
      place: { file: url },
      remedy: 'Use Node 22.18 or newer, or `npm install tsx`, or compile the module to JavaScript.',
      cause,
    });
  }
  const module = await tsx.tsImport(url, import.meta.url);
  // a file of a package without "type": "module" comes wrapped once more
  const inner = (module.default as { default?: unknown } | undefined)?.default;
  return typeof module.default === 'function' || inner === undefined ? module : { default: inner };
}

/** A module that awaits what nothing can settle any more fails; else the process would end without a word, since it has nothing left to do. */
async function settled<T>(loading: T, file: string): Promise<Awaited<T>> {
  let idle = (): void => {};
  const never = new Promise<never>((_, reject) => {
    idle = () =>
      reject(
        new MillraceError('USER_CODE', 'the job module never finishes loading: it awaits a promise that nothing can settle any more', {
          place: { file },
          remedy: 'Look at the awaits of its top level and of its default export.',
        }),
      );
  });
  process.on('beforeExit', idle);
  try {
    return await Promise.race([loading, never]);
  } finally {
    process.off('beforeExit', idle);
  }
}

export interface ModuleGraph extends BuiltGraph {
  readonly hash: string;
}

/** Imports a job module and lets its default export `(env) => void` build the graph. The same in the host and in every worker. */
export async function buildGraphFromModule(pathOrUrl: string | URL, options: Readonly<Record<string, string>> = {}): Promise<ModuleGraph> {
  const url = moduleUrl(pathOrUrl);
  const file = url.startsWith('file:') ? decodeURIComponent(new URL(url).pathname) : url;
  let module: { default?: unknown };
  try {
    module = await settled(importModule(url), file);
  } catch (e) {
    if ((e as { code?: string }).code === 'ERR_MODULE_NOT_FOUND' && String(e).includes(file)) {
      throw new MillraceError('FILE_NOT_FOUND', `there is no job module ${file}`, { place: { file }, cause: e });
    }
    throw moduleError(e, file);
  }
  if (typeof module.default !== 'function') {
    throw new MillraceError('GRAPH_INVALID', 'a job module needs a default export (env) => void', {
      place: { file },
      remedy: 'export default function (env) { env.fromConnector(...)... }',
    });
  }
  const env = StreamExecutionEnvironment.getExecutionEnvironment(options);
  env.building = file;
  try {
    await settled((module.default as (env: StreamExecutionEnvironment) => unknown)(env), file);
  } catch (e) {
    throw moduleError(e, file);
  }
  const built = env.build();
  refuseEmpty(built, file);
  return { ...built, hash: graphHash(built.graph) };
}

/** Runs a job module in workers, at any parallelism. `settings` are job options by Flink's keys, which the module may override. */
export async function executeModule(
  pathOrUrl: string | URL,
  options: ExecuteJobOptions & { readonly settings?: Readonly<Record<string, string>> } = {},
): Promise<JobHandle> {
  const url = moduleUrl(pathOrUrl);
  const { settings, ...rest } = options;
  const built = await buildGraphFromModule(url, settings);
  const graph = await checkConnectors(built.graph);
  return executeGraph(graph, {
    ...rest,
    module: { url, graphHash: built.hash, builder: ownModule('stream/execute.js'), settings: settings ?? {} },
  });
}
