// Builds everything that changed: .build/src (tsc, and kernels.wasm by asc), .build/test and .build/bench, and from .build/src the package in dist/.
// Flags: --quiet prints only errors; --no-tests leaves out tests; --names builds the kernels with function names (for profiles).
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from './bundle.mjs';

const require = createRequire(import.meta.url);
const root = fileURLToPath(new URL('..', import.meta.url));
const quiet = process.argv.includes('--quiet');
mkdirSync(join(root, '.build/src'), { recursive: true });

/** Newest modification time below a folder. */
function newest(dir) {
  let t = 0;
  for (const e of readdirSync(dir, { withFileTypes: true })) {
    const p = join(dir, e.name);
    t = Math.max(t, e.isDirectory() ? newest(p) : statSync(p).mtimeMs);
  }
  return t;
}

function run(what, packageName, bin, args) {
  const script = join(dirname(require.resolve(`${packageName}/package.json`)), bin);
  const r = spawnSync(process.execPath, [script, ...args], { cwd: root, stdio: ['ignore', quiet ? 'pipe' : 'inherit', 'inherit'] });
  if (r.status !== 0) {
    if (quiet && r.stdout) process.stderr.write(r.stdout);
    console.error(`build: ${what} failed`);
    process.exit(1);
  }
}

const wasm = join(root, '.build/src/kernels.wasm');
const names = process.argv.includes('--names');
if (names || !existsSync(wasm) || statSync(wasm).mtimeMs < Math.max(newest(join(root, 'assembly')), statSync(join(root, 'asconfig.json')).mtimeMs)) {
  run('asc', 'assemblyscript', 'bin/asc.js', ['--config', 'asconfig.json', '--target', 'release', ...(names ? ['--debug'] : [])]);
}
const projects = process.argv.includes('--no-tests') ? ['tsconfig.bench.json'] : ['tsconfig.test.json'];
run('tsc', 'typescript', 'bin/tsc', ['-b', ...projects]);
await bundle(root);
