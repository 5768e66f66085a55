// npm test: builds, checks style and types, then runs node:test over the built tests.
// Arguments narrow the run to test files whose path contains one of them: npm test -- sql kafka
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const root = fileURLToPath(new URL('..', import.meta.url));
const wanted = process.argv.slice(2);

/** Runs node with these arguments to its end; true when it succeeded. */
function node(what, args) {
  const r = spawnSync(process.execPath, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  if (r.status !== 0) console.error(`npm test: ${what} failed${r.signal ? ` (${r.signal})` : ''}`);
  return r.status === 0;
}

/** Built test files that still have a source: a deleted test must not go on passing. */
function testFiles(dir) {
  return readdirSync(dir, { withFileTypes: true, recursive: true })
    .filter((e) => e.isFile() && e.name.endsWith('.test.js'))
    .map((e) => relative(root, join(e.parentPath ?? e.path, e.name)))
    .filter((f) => existsSync(join(root, f.replace(/^\.build[/\\]/, '').replace(/\.js$/, '.ts'))))
    .filter((f) => wanted.length === 0 || wanted.some((w) => f.includes(w)))
    .sort();
}

if (!node('the build', ['scripts/build.mjs'])) process.exit(1);
const files = testFiles(join(root, '.build/test'));
if (files.length === 0) {
  console.error(`npm test: no test file matches ${wanted.join(', ')}`);
  process.exit(1);
}
const tidy = wanted.length > 0 || node('biome', [join(dirname(require.resolve('@biomejs/biome/package.json')), 'bin/biome'), 'check', '.']);
const passed = node('a test', [
  '--test',
  '--test-concurrency=2',
  '--test-timeout=240000',
  '--test-reporter=./scripts/reporter.mjs',
  '--test-reporter-destination=stdout',
  ...files,
]);
if (!tidy) console.error('npm test: biome failed (its report stands above the tests)');
process.exitCode = tidy && passed ? 0 : 1;
