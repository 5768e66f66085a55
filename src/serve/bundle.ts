import { cpSync, existsSync, mkdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MillraceError } from '../base/errors.js';
import { ownModule } from '../base/modules.js';

/** What millrace loads from node_modules at run time; the rest of its dependencies is inside its own files. */
const LOADED = ['kafkajs', 'temporal-polyfill'];
/** What it uses where it is installed. */
const USED_IF_THERE = ['@node-rs/crc32'];
/** Files that nothing loads. */
const NEEDLESS = /\.(d\.[cm]?ts|map)$/;
const OWN = /^millrace(\/|$)/;

interface Manifest {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}
const manifestOf = (folder: string): Manifest => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;

/**
 * Copies the installed millrace, and the packages that it loads at run time, to `<outdir>/node_modules`, where a bundle in `outdir` finds them: what is left
 * of `import 'millrace'` when it is external. Replaces what stands there. Fails with PACKAGE_INCOMPLETE when a package is not installed.
 */
export function copyPackage(outdir: string): void {
  const own = realpathSync(fileURLToPath(new URL('..', ownModule(''))));
  const modules = join(resolve(outdir), 'node_modules');
  const needed = (file: string): boolean => !NEEDLESS.test(file) && !file.startsWith(join(own, 'dist/bench'));
  const to = join(modules, 'millrace');
  if (existsSync(to) && realpathSync(to) === own) return; // the bundle stands beside the installed package
  rmSync(to, { recursive: true, force: true });
  mkdirSync(to, { recursive: true });
  for (const part of ['package.json', 'LICENSE', 'dist']) cpSync(join(own, part), join(to, part), { recursive: true, filter: needed });
  const copied = new Set(['millrace']);
  for (const name of LOADED) copyDependency(name, own, modules, copied, true);
  for (const name of USED_IF_THERE) copyDependency(name, own, modules, copied, false);
}

function copyDependency(name: string, from: string, modules: string, copied: Set<string>, required: boolean): void {
  if (copied.has(name)) return;
  const folders = createRequire(join(from, 'package.json')).resolve.paths(name) ?? [];
  const found = folders.map((f) => join(f, name)).find((f) => existsSync(join(f, 'package.json')));
  if (found === undefined) {
    if (!required) return;
    throw new MillraceError('PACKAGE_INCOMPLETE', `the package '${name}', which millrace loads, is not installed`, {
      place: { file: from },
      remedy: 'Install millrace again.',
    });
  }
  copied.add(name);
  const folder = realpathSync(found);
  rmSync(join(modules, name), { recursive: true, force: true });
  cpSync(folder, join(modules, name), { recursive: true, dereference: true, filter: (file) => !NEEDLESS.test(file) });
  const { dependencies, optionalDependencies } = manifestOf(folder);
  for (const d of Object.keys(dependencies ?? {})) copyDependency(d, folder, modules, copied, true);
  for (const d of Object.keys(optionalDependencies ?? {})) copyDependency(d, folder, modules, copied, false);
}

/** As much of esbuild's PluginBuild as is used. */
interface EsbuildBuild {
  readonly initialOptions: { readonly outdir?: string; readonly outfile?: string; readonly absWorkingDir?: string; readonly write?: boolean };
  onResolve(options: { filter: RegExp }, callback: (args: { readonly path: string }) => { path: string; external: boolean }): void;
  onEnd(callback: (result: { readonly errors: readonly unknown[] }) => void): void;
}

/** For esbuild: keeps millrace out of the bundle and copies it beside the output. `build({ ..., plugins: [esbuildPlugin()] })` */
export function esbuildPlugin(): { name: string; setup(build: EsbuildBuild): void } {
  return {
    name: 'millrace',
    setup(build) {
      build.onResolve({ filter: OWN }, ({ path }) => ({ path, external: true }));
      const { outdir, outfile, absWorkingDir, write } = build.initialOptions;
      const out = outdir ?? (outfile === undefined ? undefined : dirname(outfile));
      if (out === undefined || write === false) return;
      build.onEnd(({ errors }) => {
        if (errors.length === 0) copyPackage(resolve(absWorkingDir ?? '.', out));
      });
    },
  };
}

interface RollupPlugin {
  name: string;
  resolveId(source: string): { id: string; external: true } | null;
  writeBundle(options: { readonly dir?: string; readonly file?: string }): void;
}

/** For rolldown, rollup and vite: keeps millrace out of the bundle and copies it beside the output. `rolldown({ ..., plugins: [rollupPlugin()] })` */
export function rollupPlugin(): RollupPlugin {
  return {
    name: 'millrace',
    resolveId: (source) => (OWN.test(source) ? { id: source, external: true } : null),
    writeBundle({ dir, file }) {
      const out = dir ?? (file === undefined ? undefined : dirname(file));
      if (out !== undefined) copyPackage(out);
    },
  };
}
