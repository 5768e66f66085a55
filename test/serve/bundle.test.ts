import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { Plugin as EsbuildPlugin } from 'esbuild';
import type { Plugin as RolldownPlugin } from 'rolldown';
import { MillraceError } from '#src/base/errors.js';
import { ownFileError, ownModule } from '#src/base/modules.js';
import type * as bundle from '#src/bundle.js';
import { ROOT } from '../tidy/source.js';
import { scratch } from './cli.js';

const { copyPackage, esbuildPlugin, rollupPlugin } = (await import(pathToFileURL(join(ROOT, 'dist/bundle.js')).href)) as typeof bundle;

/** The bundlers' own types take the plugins as they are. `npm run check:package` runs both. */
const plugins: [EsbuildPlugin, RolldownPlugin] = [esbuildPlugin(), rollupPlugin()];

test('the copy has what runs, and replaces an old one', () => {
  assert.deepEqual(
    plugins.map((p) => p.name),
    ['millrace', 'millrace'],
  );
  const out = scratch();
  mkdirSync(join(out, 'node_modules/millrace/dist'), { recursive: true });
  writeFileSync(join(out, 'node_modules/millrace/dist/old.js'), '');
  copyPackage(out);
  const files = readdirSync(join(out, 'node_modules/millrace'), { recursive: true }) as string[];
  for (const f of ['package.json', 'LICENSE', 'dist/index.js', 'dist/kernels.wasm', 'dist/task/worker.js', 'dist/connect/kafka/index.js'])
    assert.ok(files.includes(f), f);
  assert.deepEqual(
    files.filter((f) => /\.d\.ts$|^dist\/bench|old\.js$/.test(f)),
    [],
  );
  assert.ok(existsSync(join(out, 'node_modules/kafkajs/package.json')));
});

test('a file of its own that is not there is said to be that, another failure is itself', async () => {
  const load = async (url: string): Promise<unknown> => {
    try {
      return await import(url);
    } catch (e) {
      return ownFileError(url, e);
    }
  };
  const error = await load(ownModule('connect/nothing/index.js'));
  assert.ok(error instanceof MillraceError && error.code === 'PACKAGE_INCOMPLETE' && error.message.includes('connect/nothing/index.js'));
  assert.ok(!((await load(pathToFileURL(join(scratch(), 'mine.js')).href)) instanceof MillraceError));
  const broken = new Error('broken');
  assert.equal(ownFileError(ownModule('task/worker.js'), broken), broken);
});
