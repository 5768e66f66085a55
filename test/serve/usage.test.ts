import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT, read } from '../tidy/source.js';

function millrace(...args: string[]): { status: number | null; text: string } {
  const { CI: _ci, ...env } = process.env;
  const r = spawnSync(process.execPath, [join(ROOT, 'dist/cli.js'), ...args], { encoding: 'utf8', env });
  return { status: r.status, text: r.stdout + r.stderr };
}

test('usage names the commands, without colours where there is no terminal', () => {
  for (const args of [['--help'], ['run', '--help'], [], ['nonsense']]) {
    const { text } = millrace(...args);
    assert.ok(text.includes('millrace'), text);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is looked for
    assert.doesNotMatch(text, /\x1b\[/);
  }
  assert.equal(millrace('nonsense').status, 1);
});

test("--version is the package's", () => {
  assert.equal(millrace('--version').text.trim(), (JSON.parse(read('package.json')) as { version: string }).version);
});
