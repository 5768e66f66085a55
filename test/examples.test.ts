import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { filesUnder, ROOT, read } from './tidy/source.js';

/** Inside the package, so that `import 'millrace'` means this one. */
const dir = join(ROOT, '.build/examples');
after(() => rmSync(dir, { recursive: true, force: true }));

const COMPILER_OPTIONS = {
  strict: true,
  noEmit: true,
  module: 'NodeNext',
  moduleResolution: 'NodeNext',
  target: 'ES2022',
  lib: ['ES2023', 'ESNext.Disposable'],
  types: ['node'],
  skipLibCheck: true,
};

/** The blocks of code in the documents, as one program: file name -> text, with as many lines before it as in the page. */
function blocks(): Map<string, string> {
  const found = new Map<string, string>();
  for (const page of filesUnder('.', ['.md'])) {
    const text = read(page);
    for (const m of text.matchAll(/^```(?:js|ts|javascript|typescript)\n([\s\S]*?)^```/gm)) {
      const before = text.slice(0, m.index).split('\n').length;
      found.set(`${page.replaceAll('/', '_')}.${before}.ts`, `${'\n'.repeat(before)}${m[1]}export {};\n`);
    }
  }
  return found;
}

/** What the compiler says of these files. */
function check(files: ReadonlyMap<string, string>): string {
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  for (const [name, text] of files) writeFileSync(join(dir, name), text);
  writeFileSync(join(dir, 'tsconfig.json'), JSON.stringify({ compilerOptions: COMPILER_OPTIONS, files: [...files.keys()] }));
  const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');
  return spawnSync(process.execPath, [tsc, '-p', dir, '--pretty', 'false'], { cwd: dir, encoding: 'utf8' }).stdout;
}

test('every example in the documents type-checks as TypeScript under strict', () => {
  const files = blocks();
  assert.ok(files.size >= 6, [...files.keys()].join());
  assert.equal(check(files), '');
});

test('a timestamp assigner that may give null is told to the compiler in words', () => {
  const stream = (type: string): string => `import { schema, StreamExecutionEnvironment, WatermarkStrategy } from 'millrace';
    StreamExecutionEnvironment.getExecutionEnvironment().fromCollection([{ at: 1 }], schema({ at: '${type}', name: 'STRING' }))
      .assignTimestampsAndWatermarks(WatermarkStrategy.forBoundedOutOfOrderness('5 s').withTimestampAssigner(`;
  const good = ['(r) => r.at', "'at'", '(r) => Number(r.at)', '(r) => new Date(Number(r.at))'];
  const said = check(
    new Map([
      ...good.map((fn, i) => [`good${i}.ts`, `${stream('BIGINT NOT NULL')}${fn}));\n`] as const),
      ['chosen.ts', `${stream('BIGINT')}(r) => r.at ?? 0n));\n`],
      ['null.ts', `${stream('BIGINT')}(r) => r.at));\n`],
      ['text.ts', `${stream('BIGINT')}(r) => r.name));\n`],
    ]),
  );
  const errors = said.split('\n').filter((line) => /^\S/.test(line));
  assert.deepEqual(
    errors.map((e) => e.replace(/\(.*/, '')),
    ['null.ts', 'text.ts'],
    said,
  );
  assert.match(said, /null\.ts[\s\S]*Type 'bigint \| null' is not assignable to type '"An event time cannot be null: declare the field NOT NULL/);
  assert.match(said, /text\.ts[\s\S]*An event time is a number or bigint of milliseconds/);
  assert.ok(Math.max(...said.split('\n').map((l) => l.length)) < 250, 'and in few of them');
});
