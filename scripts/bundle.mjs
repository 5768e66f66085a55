// dist/ from .build/src: few files instead of some two hundred, because every module that Node opens costs a start about half a millisecond.
// Modules that are found by URL at run time (workers, connectors, formats) stay files of their own under their own path; what they share
// goes to dist/chunks, one level deep like the folders of src/, so that '../task/worker.js' means the same from both.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const PUBLIC = ['cli', 'index', 'engine', 'testing', 'bundle'];

/** The package's entry points, and every module that the source names for loading by URL: ownModule('path.js') and the registry's. */
function entriesOf(src) {
  const entries = new Set(PUBLIC);
  entries.add('connect/kafka/upsert');
  for (const name of readdirSync(join(src, 'connect'))) if (existsSync(join(src, 'connect', name, 'index.js'))) entries.add(`connect/${name}/index`);
  for (const name of ['json', 'csv']) entries.add(`format/${name}`);
  for (const f of files(src, '.js'))
    for (const m of readFileSync(f, 'utf8').matchAll(/ownModule\('([\w/-]+)\.js'\)/g)) if (!m[1].startsWith('bench/')) entries.add(m[1]);
  return [...entries];
}

/**
 * What is loaded together is one chunk. Each takes what its modules import too, unless one above has it. A start reads cli.js and `core`, starts the
 * slots' threads, and reads `sql` and `job` while those read `batch` and `slot`.
 */
const CHUNKS = {
  core: [
    /\/src\/(base|types|ring|format)\/(?!json|csv)|\/src\/contract\/(?!fleet|harness|user-)|\/valibot\//,
    /\/src\/(connect\/dead_letters|job\/pool|task\/(control|plan)|time\/zone|wasm\/(engine|describe|encoder|layout)|window\/partial-schema)\.js$/,
  ],
  batch: [/\/src\/batch\//],
  slot: [/\/src\/(exchange|source|sink|time)\/|\/src\/task\/(?!worker|io-|aggregates|stray)|\/src\/wasm\/(host|linked)\.js$/],
  job: [/\/src\/job\/(?!inline|simulate|slot-failure)|\/src\/task\/io-hub\.js$/],
  sql: [/\/src\/sql\//],
  files: [/\/src\/connect\/filesystem\/(?!index|monitor\.|gzip|runs)/],
};

function chunkGroups() {
  const names = Object.keys(CHUNKS);
  return names.map((name, i) => ({ name, test: (id) => CHUNKS[name].some((r) => r.test(id)), priority: names.length - i }));
}

/** `millrace bench`: loaded only by that command, and the modules it starts in processes and workers of their own. */
const BENCH = ['bench/cli', 'bench/latency/run', 'bench/latency/job', 'bench/latency/connector'];

/** The scripts, jobs and peers it runs, as they are; what compiles peers on demand is bundled. */
function copyBench(root, dist) {
  for (const dir of ['sql', 'jobs', 'peers'])
    cpSync(join(root, 'bench', dir), join(dist, 'bench', dir), { recursive: true, filter: (f) => !f.endsWith('.ts') });
}

function files(dir, ending) {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((e) => e.isFile() && e.name.endsWith(ending))
    .map((e) => join(e.parentPath ?? e.path, e.name));
}

/** Chunks that a module loads before it runs. */
function loadedWith(file, seen = new Set()) {
  if (seen.has(file)) return seen;
  seen.add(file);
  for (const m of readFileSync(file, 'utf8').matchAll(/^(?:import|export) [^;]*?"(\.[^"]+)";$/gm)) loadedWith(join(dirname(file), m[1]), seen);
  return seen;
}

/** A thread that runs a slot must not read what only planning needs: it would cost every start. */
function checkSlots(dist) {
  for (const entry of ['task/worker', 'connect/filesystem/index', 'connect/print/index', 'format/json', 'format/csv'])
    for (const file of loadedWith(join(dist, `${entry}.js`))) if (/chunks\/(job|sql|emit)-/.test(file)) throw new Error(`build: ${entry}.js loads ${file}`);
}

/** What finds the others must lie one level deep, and what the bundle names must be there. */
function check(dist) {
  for (const file of files(dist, '.js')) {
    const text = readFileSync(file, 'utf8');
    if (/new URL\("\.\.", import\.meta\.url\b/.test(text) && dirname(dirname(file)) !== dist) throw new Error(`build: ${file} would not find dist/`);
    for (const m of text.matchAll(/ownModule\("([^"]+)"\)/g))
      if (!existsSync(join(dist, m[1]))) throw new Error(`build: ${file} names ${m[1]}, which is not in dist`);
  }
}

export async function bundle(root) {
  const src = join(root, '.build/src');
  const dist = join(root, 'dist');
  const stamp = join(dist, 'index.js');
  const build = join(root, '.build');
  const sources = [
    ...files(src, '.js'),
    ...files(src, '.d.ts'),
    join(src, 'kernels.wasm'),
    ...files(join(build, 'bench'), '.js'),
    ...files(join(root, 'bench'), ''),
  ];
  const newest = Math.max(...sources.map((f) => statSync(f).mtimeMs));
  if (existsSync(stamp) && statSync(stamp).mtimeMs > newest) return;
  const { rolldown } = await import('rolldown');
  rmSync(dist, { recursive: true, force: true });
  mkdirSync(dist, { recursive: true });
  const bundled = await rolldown({
    input: Object.fromEntries([...entriesOf(src).map((e) => [e, join(src, `${e}.js`)]), ...BENCH.map((e) => [e, join(build, `${e}.js`)])]),
    platform: 'node',
    external: [/^node:/, 'kafkajs', 'temporal-polyfill', /^@node-rs\//],
    resolve: { alias: { '#abi': join(src, 'assembly/abi.js') } },
    onLog: (level, log, report) => {
      if (log.code !== 'INEFFECTIVE_DYNAMIC_IMPORT') report(level === 'info' ? 'debug' : level, log);
    },
  });
  await bundled.write({
    dir: dist,
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name]-[hash].js',
    codeSplitting: { groups: chunkGroups() },
  });
  await bundled.close();
  for (const f of files(src, '.d.ts')) cpSync(f, join(dist, f.slice(src.length + 1)), { recursive: true });
  cpSync(join(src, 'kernels.wasm'), join(dist, 'kernels.wasm'));
  copyBench(root, dist);
  check(dist);
  checkSlots(dist);
  writeFileSync(stamp, readFileSync(stamp)); // newer than everything it was made from
}
