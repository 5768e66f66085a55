import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DATA, ensure } from './paths.js';
import { child } from './program.js';

/** Peers are no dependencies of millrace: what they need is fetched and built below .bench-data/peers when a race first asks for it. */
const HOME = join(DATA, 'peers');

export const has = (command: string, ...args: string[]): boolean => spawnSync(command, args, { stdio: 'ignore' }).status === 0;

/** Folder in which `require(name)` finds the npm package, installed without scripts. */
export async function npmPackage(name: string, version: string): Promise<string> {
  const dir = join(HOME, `${name.replaceAll(/[@/]/g, '_')}-${version}`);
  if (existsSync(join(dir, 'node_modules', name))) return dir;
  const half = `${dir}.part`;
  rmSync(half, { recursive: true, force: true });
  mkdirSync(half, { recursive: true });
  writeFileSync(join(half, 'package.json'), '{"private":true}');
  await child('npm', ['install', '--prefix', half, '--ignore-scripts', '--no-audit', '--no-fund', `${name}@${version}`]);
  renameSync(half, dir);
  return dir;
}

/** A program built from `sources` when it is older than they are; `build(output)` makes it. */
export async function built(name: string, sources: readonly string[], build: (output: string) => Promise<unknown>): Promise<string> {
  const program = join(ensure(HOME), name);
  if (!existsSync(program) || sources.some((s) => statSync(s).mtimeMs > statSync(program).mtimeMs)) await build(program);
  return program;
}

/** Why something cannot be had, in one line. */
export const reason = (what: string, e: unknown): string =>
  `${what}: ${
    (e instanceof Error ? e.message : String(e))
      .split('\n')
      .find((l) => /error/i.test(l))
      ?.trim() ?? String(e).split('\n')[0]
  }`;
