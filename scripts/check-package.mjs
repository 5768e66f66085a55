// The package as a user gets it: what is in the tarball, what publint says, and whether it installs into an empty folder and runs there.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { checkBundles } from './check-bundles.mjs';

const require = createRequire(import.meta.url);
const root = fileURLToPath(new URL('..', import.meta.url));
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const work = mkdtempSync(join(tmpdir(), 'millrace-package-'));

function run(command, args, cwd, env = {}) {
  const r = spawnSync(command, args, { cwd, env: { ...process.env, ...env }, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  if (r.status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${r.signal ?? r.status}\n${r.stdout}${r.stderr}`);
  return r.stdout;
}

function check(condition, what) {
  if (!condition) throw new Error(what);
}

/** Every file the manifest promises is there, and nothing that has no business in a package. */
function contents(files) {
  const promised = Object.values(manifest.exports).flatMap((e) => (typeof e === 'string' ? [e] : Object.values(e)));
  for (const f of [...promised, ...Object.values(manifest.bin)]) check(files.includes(f.replace(/^\.\//, '')), `${f} is not in the package`);
  for (const f of ['dist/kernels.wasm', 'LICENSE', 'README.md', 'CHANGELOG.md', 'assembly/abi.ts']) check(files.includes(f), `${f} is not in the package`);
  const foreign = files.filter((f) => /^(src|test|bench|\.build|\.bench-data)\/|\.map$|\.tsbuildinfo$/.test(f));
  check(foreign.length === 0, `these have no business in the package: ${foreign.slice(0, 5).join(', ')}`);
}

const PROGRAM = `
import { StreamExecutionEnvironment } from 'millrace';
import * as engine from 'millrace/engine';
import * as testing from 'millrace/testing';
if (typeof StreamExecutionEnvironment !== 'function') throw new Error('millrace exports no StreamExecutionEnvironment');
if (Object.keys(engine).length === 0 || Object.keys(testing).length === 0) throw new Error('an entry point exports nothing');
`;
/** A user's program in TypeScript, checked against the declarations as strictly as a user may ask. */
const TYPED = `
import { schema, StreamExecutionEnvironment, TumblingEventTimeWindows, WatermarkStrategy, count } from 'millrace';
import { Engine } from 'millrace/engine';
import * as testing from 'millrace/testing';
const env = StreamExecutionEnvironment.getExecutionEnvironment();
const clicks = env.fromCollection([{ user: 'a', at: 1 }], schema({ user: 'STRING', at: 'BIGINT' }));
const users: (string | null)[] = [];
clicks.map((c) => users.push(c.user)).print();
clicks
  .assignTimestampsAndWatermarks(WatermarkStrategy.forMonotonousTimestamps().withTimestampAssigner('at'))
  .keyBy('user')
  .window(TumblingEventTimeWindows.of('10 s'))
  .aggregate(count().as('n'))
  .print();
// @ts-expect-error there is no such field
clicks.map((c) => c.nobody);
export const parts: [typeof Engine, typeof testing] = [Engine, testing];
`;
const TSCONFIG = {
  compilerOptions: {
    strict: true,
    noEmit: true,
    module: 'NodeNext',
    moduleResolution: 'NodeNext',
    target: 'ES2022',

    types: ['node'],
    skipLibCheck: false,
  },
  files: ['program.ts'],
};
const JOB = `
CREATE TABLE src (id INT, name STRING) WITH ('connector' = 'filesystem', 'path' = 'in.jsonl', 'format' = 'json');
CREATE TABLE dst (id INT, name STRING) WITH ('connector' = 'print');
INSERT INTO dst SELECT id, UPPER(name) FROM src WHERE id > 1;
`;

try {
  const [packed] = JSON.parse(run('npm', ['pack', '--json', '--pack-destination', work], root));
  contents(packed.files.map((f) => f.path));
  const { messages } = await publint({ pkgDir: root, strict: true, pack: false });
  for (const m of messages) console.log(`publint ${m.type}: ${formatMessage(m, manifest)}`);
  check(!messages.some((m) => m.type === 'error' || m.type === 'warning'), 'publint is not content');
  const app = join(work, 'app');
  mkdirSync(app);
  writeFileSync(join(app, 'package.json'), JSON.stringify({ name: 'app', private: true, type: 'module' }));
  run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', join(work, packed.filename)], app);
  writeFileSync(join(app, 'program.mjs'), PROGRAM);
  run(process.execPath, ['program.mjs'], app);
  writeFileSync(join(app, 'program.ts'), TYPED);
  writeFileSync(join(app, 'tsconfig.json'), JSON.stringify(TSCONFIG));
  mkdirSync(join(app, 'node_modules/@types'), { recursive: true });
  for (const types of ['@types/node', 'undici-types']) symlinkSync(dirname(require.resolve(`${types}/package.json`)), join(app, 'node_modules', types));
  run(process.execPath, [join(dirname(require.resolve('typescript/package.json')), 'bin/tsc'), '-p', app], app);
  writeFileSync(join(app, 'job.sql'), JOB);
  writeFileSync(join(app, 'in.jsonl'), '{"id":1,"name":"a"}\n{"id":2,"name":"b"}\n');
  const out = run('npx', ['--no-install', 'millrace', 'run', 'job.sql'], app);
  check(out.includes('+I[2, B]') && !out.includes('+I[1'), `the installed package printed:\n${out}`);
  const bench = run('npx', ['--no-install', 'millrace', 'bench', 'ads', '--records', '20000', '--rounds', '1'], app, { TMPDIR: work });
  check(/millrace 2 slots [\s\S]* outputs equal/.test(bench), `the installed package's bench printed:\n${bench}`);
  await checkBundles(app, mkdtempSync(join(work, 'bundles-')), check);
  console.log(`package: ${packed.files.length} files, ${(packed.size / 1024).toFixed(0)} KiB packed; installs, imports, runs and bundles`);
} catch (e) {
  console.error(`package: ${e.message}`);
  process.exitCode = 1;
} finally {
  rmSync(work, { recursive: true, force: true });
}
