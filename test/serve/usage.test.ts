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

test('flags that a command does not have are refused, with the nearest name; so are arguments too many', () => {
  for (const [args, message] of [
    [['run', 'job.sql', '--resume'], /'millrace run' has no flag --resume/],
    [['run', 'job.sql', '--quite'], /has no flag --quite.*Did you mean --quiet\?/s],
    [['run', '--metric-json', 'x', 'job.sql'], /Did you mean --metrics-json\?/],
    [['run', 'job.sql', 'other.sql'], /does not take 'other.sql'/],
    [['explain', 'job.sql', '--quiet'], /'millrace explain' has no flag --quiet/],
    [['demo', '--row', '5'], /Did you mean --rows\?/],
    [['--nonsense'], /'millrace' has no flag --nonsense/],
    [['bench', 'ads', '--nonsense'], /bench ads' has no flag --nonsense/],
    [['bench', 'ads', 'counts', '--nonsense'], /has no flag --nonsense/],
  ] as const) {
    const { status, text } = millrace(...args);
    assert.match(text, message);
    assert.equal(status, 1, args.join(' '));
  }
});
