// A user's program bundled by esbuild and by rolldown, away from every node_modules: with the plugin it runs, without it the one error says what to do.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { rolldown } from 'rolldown';

/** SQL over files in workers, functions on this thread, a job module in workers, and the kafka connector with its client as far as a port nobody listens at. */
const PROGRAM = `
import { readFileSync, readdirSync } from 'node:fs';
import { executeModule, executeSql, MillraceError, schema, sql, StreamExecutionEnvironment } from 'millrace';

const here = (path) => new URL(path, import.meta.url);
const text = (folder) => readdirSync(here(folder)).map((f) => readFileSync(here(folder + '/' + f), 'utf8')).join('').trim();
const table = (name, path) => \`CREATE TABLE \${name} (id INT, name STRING) WITH ('connector' = 'filesystem', 'path' = '\${here(path).href}', 'format' = 'json');\`;
const job = await executeSql(table('src', 'in.jsonl') + table('dst', 'out') + "SET 'parallelism.default' = '2'; INSERT INTO dst SELECT id, UPPER(name) FROM src WHERE id > 1");
await job.done;
console.log('sql', text('out'));
const env = StreamExecutionEnvironment.getExecutionEnvironment();
const rows = env.fromCollection([{ id: 1 }, { id: 2 }], schema({ id: 'INT NOT NULL' })).map((r) => ({ ...r, twice: r.id * 2 }));
for await (const row of rows.executeAndCollect()) console.log('closure', JSON.stringify(row));
await (await executeModule(here('job.js'), { settings: { 'parallelism.default': '2' } })).done;
console.log('module', text('module-out'));
try {
  const kafka = "CREATE TABLE k (id INT) WITH ('connector' = 'kafka', 'topic' = 't', 'properties.bootstrap.servers' = '127.0.0.1:1', 'format' = 'json', 'scan.startup.mode' = 'earliest-offset', 'properties.socket.connection.setup.timeout.ms' = '300');";
  for await (const row of sql(kafka + 'SELECT * FROM k')) console.log('kafka', row);
} catch (e) {
  console.log('kafka', e instanceof MillraceError, e.code);
}
`;
const JOB = `
import { schema } from 'millrace';
export default function (env) {
  const S = schema({ id: 'INT NOT NULL', name: 'STRING' });
  env
    .fromConnector({ connector: 'filesystem', path: new URL('in.jsonl', import.meta.url).href, format: 'json', schema: S })
    .map((r) => ({ id: r.id * 10, name: r.name }))
    .returns(S)
    .sinkTo({ connector: 'filesystem', path: new URL('module-out', import.meta.url).href, format: 'json' });
}
`;
const PRINTS = `sql {"id":2,"name":"B"}
closure {"id":1,"twice":2}
closure {"id":2,"twice":4}
module {"id":10,"name":"a"}
{"id":20,"name":"b"}
kafka true KAFKA_UNREACHABLE
`;

const BUNDLERS = {
  esbuild: (entryPoints, outdir, plugins, format = 'esm') =>
    build({
      entryPoints,
      outdir,
      bundle: true,
      platform: 'node',
      format,
      plugins,
      logLevel: 'silent',
      outExtension: { '.js': format === 'cjs' ? '.cjs' : '.js' },
    }),
  rolldown: async (input, dir, plugins) => {
    const bundled = await rolldown({ input, platform: 'node', plugins, onLog: () => {} });
    await bundled.write({ dir, format: 'esm', entryFileNames: '[name].js' });
    await bundled.close();
  },
};

function runBundle(file, cwd) {
  const r = spawnSync(process.execPath, [file], { cwd, encoding: 'utf8', timeout: 60_000 });
  return { status: r.status, stdout: r.stdout, stderr: r.stderr, all: `${r.stdout}${r.stderr}` };
}

/** `app`: a folder in which the package is installed; `out`: an empty one with no node_modules above it. */
export async function checkBundles(app, out, check) {
  writeFileSync(join(app, 'bundled.mjs'), PROGRAM);
  writeFileSync(join(app, 'job.mjs'), JOB);
  const plugins = await import(pathToFileURL(join(app, 'node_modules/millrace/dist/bundle.js')).href);
  const entries = { bundled: join(app, 'bundled.mjs'), job: join(app, 'job.mjs') };
  const folder = (name) => {
    const dir = join(out, name);
    mkdirSync(dir, { recursive: true });
    writeFileSync(join(dir, 'package.json'), '{"type":"module"}');
    writeFileSync(join(dir, 'in.jsonl'), '{"id":1,"name":"a"}\n{"id":2,"name":"b"}\n');
    return dir;
  };
  for (const [name, bundle] of Object.entries(BUNDLERS)) {
    const dir = folder(name);
    await bundle(entries, dir, [name === 'esbuild' ? plugins.esbuildPlugin() : plugins.rollupPlugin()]);
    const r = runBundle('bundled.js', dir);
    check(r.status === 0 && r.stdout === PRINTS, `a bundle of ${name} printed:\n${r.all}`);
    const modules = readdirSync(join(dir, 'node_modules')).sort().join();
    check(modules === 'kafkajs,millrace,temporal-polyfill,temporal-spec,temporal-utils', `${name}'s plugin brought ${modules}`);
    for (const format of name === 'esbuild' ? ['esm', 'cjs'] : ['esm']) {
      const alone = folder(`${name}-${format}-alone`);
      const own = format === 'cjs' ? { bundled: join(app, 'alone.mjs') } : entries;
      // CommonJS has no top-level await
      writeFileSync(
        join(app, 'alone.mjs'),
        "import { sql } from 'millrace';\n(async () => { for await (const row of sql('SELECT 1')) console.log(row); })();\n",
      );
      await bundle(own, alone, [], format);
      const failed = runBundle(format === 'cjs' ? 'bundled.cjs' : 'bundled.js', alone);
      const errors = failed.stderr.match(/MillraceError/g) ?? [];
      const said = /code: 'PACKAGE_INCOMPLETE'/.test(failed.stderr) && /millrace\/bundle/.test(failed.stderr);
      check(failed.status === 1 && said && errors.length <= 2, `a ${format} bundle of ${name} without the plugin printed:\n${failed.all}`);
    }
  }
}
