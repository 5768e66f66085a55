import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ROOT, read } from './tidy/source.js';

/** Inside the package, so that `import 'millrace'` means this one. */
const dir = join(ROOT, '.build/readme');
mkdirSync(dir, { recursive: true });
after(() => rmSync(dir, { recursive: true, force: true }));

interface Example {
  readonly file: string;
  readonly code: string;
  readonly prints: readonly string[];
}

/** Blocks after `<!-- runs: file -->`, each with the rows of the next block after `<!-- prints -->`. */
function examples(page: string): Example[] {
  const pattern = /<!-- runs: (\S+) -->\n```\w+\n([\s\S]*?)```[\s\S]*?<!-- prints -->\n```text\n([\s\S]*?)```/g;
  return [...read(page).matchAll(pattern)].map(([, file, code, prints]) => ({ file, code, prints: prints.trim().split('\n').sort() }));
}

const found = examples('README.md');

test('the README has an SQL and a DataStream example', () => {
  assert.deepEqual(
    found.map((e) => e.file),
    ['orders.sql', 'sensors.mjs'],
  );
  assert.ok(read('examples/orders.sql').includes(found[0].code), 'examples/orders.sql is the example of the README');
});

for (const example of found) {
  test(`the README's ${example.file} prints what it says`, () => {
    const path = join(dir, example.file);
    writeFileSync(path, example.code);
    const args = example.file.endsWith('.sql') ? [join(ROOT, 'dist/cli.js'), 'run', path] : [path];
    const r = spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8', timeout: 60_000 });
    assert.equal(r.status, 0, `${r.stdout}${r.stderr}`);
    const rows = new Set(example.prints);
    const printed = r.stdout.split('\n').filter((line) => rows.has(line) || /^\+I\[/.test(line));
    assert.deepEqual(printed.sort(), example.prints, `it printed:\n${r.stdout}${r.stderr}`);
  });
}

test("the README's commands are the package's", () => {
  const scripts = (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> }).scripts;
  for (const [, name] of read('README.md').matchAll(/npm run (\w+)|npm (start|test)/g)) if (name !== undefined) assert.ok(name in scripts, name);
  assert.ok('start' in scripts && 'test' in scripts);
});
