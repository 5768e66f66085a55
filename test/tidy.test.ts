import assert from 'node:assert/strict';
import { existsSync, statSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { test } from 'node:test';
import { ERROR_CODES } from '#src/base/errors.js';
import { BANNED, CONNECT_ALSO, EXTERNAL, FILE_LINES_MAX, FUNCTION_LINES_MAX, IDLE_SCRIPTS, LONG_FILES, LONG_FUNCTIONS, RANKS } from './tidy/lists.js';
import { anchors, blank, filesUnder, functionSizes, links, ROOT, read, specifiers } from './tidy/source.js';

const LISTS = 'test/tidy/lists.ts';
const sources = filesUnder('src', ['.ts']);
const kernels = filesUnder('assembly', ['.ts']);

/** One failure that lists everything found. */
function none(found: readonly string[], what: string): void {
  assert.ok(found.length === 0, `${what}:\n  ${found.join('\n  ')}`);
}

/** 'connect/kafka' for a connector, else the first folder; undefined for files directly in src/ (the package's doors). */
function folderOf(file: string): string | undefined {
  const parts = file.split('/');
  if (parts.length === 2) return undefined;
  return parts[1] === 'connect' && parts.length > 3 ? `connect/${parts[2]}` : parts[1];
}

function mayImport(from: string | undefined, to: string | undefined): boolean {
  if (from === undefined || from === to) return true;
  if (to === undefined) return false;
  const connector = from.startsWith('connect');
  if (connector && (to === 'connect' || CONNECT_ALSO.includes(to))) return true;
  const fromTop = from.split('/')[0];
  return RANKS[to.split('/')[0]] < (connector ? RANKS.contract + 1 : RANKS[fromTop]);
}

test('a file imports its own folder and folders of a smaller rank', () => {
  const bad: string[] = [];
  for (const file of sources) {
    const from = folderOf(file);
    if (from !== undefined && RANKS[from.split('/')[0]] === undefined)
      bad.push(`${file}: folder '${from}' has no rank; give it one in ${LISTS} and a paragraph in src/README.md`);
    for (const s of specifiers(read(file))) {
      if (s.startsWith('#') && s !== '#abi') bad.push(`${file}: imports ${s}; only #abi is shared, the rest goes by relative path`);
      if (!s.startsWith('.')) continue;
      const target = posix.join(dirname(file), s).replace(/\.js$/, '.ts');
      if (!target.startsWith('src/')) bad.push(`${file}: ${s} leaves src/`);
      else if (!mayImport(from, folderOf(target))) bad.push(`${file}: may not import ${target} (rank of ${from} is not above it)`);
    }
  }
  none(bad, 'imports against the ranks');
});

test('node: and npm modules are imported only where the list says', () => {
  const bad: string[] = [];
  for (const file of sources) {
    const used = specifiers(read(file)).filter((s) => !s.startsWith('.') && !s.startsWith('#'));
    const allowed = EXTERNAL[file] ?? [];
    const missing = used.filter((s) => !allowed.includes(s));
    if (missing.length > 0)
      bad.push(
        `'${file}': [${[...new Set([...allowed, ...missing])].map((s) => `'${s}'`).join(', ')}],  <- if it belongs to Node's side, this line in EXTERNAL of ${LISTS}`,
      );
    for (const s of allowed) if (!used.includes(s)) bad.push(`${file} no longer imports ${s}: take it from EXTERNAL of ${LISTS}`);
  }
  for (const file of Object.keys(EXTERNAL)) if (!sources.includes(file)) bad.push(`${file} is gone: take it from EXTERNAL of ${LISTS}`);
  none(bad, 'imports from outside');
});

test('kernels import only kernels, and their tables are not shared', () => {
  const bad: string[] = [];
  for (const file of kernels)
    for (const s of specifiers(read(file))) if (!s.startsWith('.') || !posix.join(dirname(file), s).startsWith('assembly/')) bad.push(`${file}: ${s}`);
  none(bad, 'imports in assembly/');
  assert.deepEqual(specifiers(read('assembly/abi.ts')), [], 'abi.ts is compiled by two compilers and imports nothing');
});

test('clocks, chance and the console stay in base/', () => {
  const bad: string[] = [];
  for (const { call, instead, allowed } of BANNED) {
    const users = sources.filter((f) => !f.startsWith('src/base/') && call.test(blank(read(f), false)));
    for (const f of users) if (allowed[f] === undefined) bad.push(`${f}: ${call.source} -> ${instead} (or allow it in BANNED of ${LISTS}, with a reason)`);
    for (const f of Object.keys(allowed)) if (!users.includes(f)) bad.push(`${f} no longer needs ${call.source}: take it from BANNED of ${LISTS}`);
  }
  none(bad, 'banned calls');
});

/** Compares sizes with a limit and a list of exceptions that may only shrink. */
function ratchet(sizes: ReadonlyMap<string, number>, limit: number, exceptions: Readonly<Record<string, number>>, name: string): string[] {
  const bad: string[] = [];
  for (const [what, n] of sizes) {
    const allowed = exceptions[what];
    if (n > (allowed ?? limit)) bad.push(`${what}: ${n} lines, ${allowed ?? limit} are allowed`);
    else if (allowed !== undefined && n <= limit) bad.push(`${what}: ${n} lines; it fits now, take it from ${name} of ${LISTS}`);
  }
  for (const what of Object.keys(exceptions)) if (!sizes.has(what)) bad.push(`${what} is gone: take it from ${name} of ${LISTS}`);
  return bad;
}

test('files and functions stay short', () => {
  const files = new Map([...sources, ...kernels].map((f) => [f, read(f).split('\n').length - 1]));
  const functions = new Map(sources.map((f) => [f, Math.max(0, ...functionSizes(read(f)).map((x) => x.lines))]));
  none(ratchet(files, FILE_LINES_MAX, LONG_FILES, 'LONG_FILES'), 'long files');
  none(ratchet(functions, FUNCTION_LINES_MAX, LONG_FUNCTIONS, 'LONG_FUNCTIONS'), 'long functions');
});

test('links in the documents resolve', () => {
  const bad: string[] = [];
  for (const page of filesUnder('.', ['.md'])) {
    for (const link of links(read(page))) {
      if (/^[a-z]+:/.test(link)) continue;
      const [path, anchor] = link.split('#');
      const target = path === '' ? page : posix.join(dirname(page), path);
      if (!existsSync(join(ROOT, target))) bad.push(`${page}: ${link} leads nowhere`);
      else if (anchor !== undefined && !(statSync(join(ROOT, target)).isFile() && anchors(read(target)).has(anchor)))
        bad.push(`${page}: ${link} has no such heading`);
    }
  }
  none(bad, 'dead links');
});

test('files that comments and documents name are there', () => {
  const bad: string[] = [];
  const named = /\b(?:docs|src|test|bench|assembly|examples|scripts)\/[\w./-]*\.(?:md|ts|mjs|sql|json)\b/g;
  for (const file of [...filesUnder('.', ['.md']), ...sources, ...kernels])
    for (const [path] of read(file).matchAll(named)) if (!existsSync(join(ROOT, path))) bad.push(`${file}: ${path}`);
  none(bad, 'files that are named but not there');
});

test('docs/errors.md mirrors the list of error codes', () => {
  const page = read('docs/errors.md');
  const sections = [...page.matchAll(/^### ([A-Z_0-9]+)\n\n([^\n]*)\n\n([^\n]+)/gm)];
  assert.deepEqual(
    sections.map((m) => m[1]),
    Object.keys(ERROR_CODES),
    'docs/errors.md has one section "### CODE" per code of src/base/errors.ts, in the same order',
  );
  for (const [, code, meaning] of sections)
    assert.equal(meaning, `*${ERROR_CODES[code as keyof typeof ERROR_CODES]}*`, `the first line under ${code} in docs/errors.md is its meaning in italics`);
});

test('every limit says its unit and reason', () => {
  const text = read('src/base/limits.ts');
  const bad = [...text.matchAll(/(^|\n)(.*)\nexport const (\w+)/g)].filter((m) => !/^\/\*\* .{20,} \*\/$/.test(m[2])).map((m) => m[3]);
  none(bad, 'limits without a comment line above them');
});

test('src/README.md names every folder, in the order of the ranks', () => {
  const named = [...read('src/README.md').matchAll(/^\*\*`(\w+)\/`\*\*/gm)].map((m) => m[1]);
  const folders = new Set(sources.map((f) => f.split('/')).flatMap((p) => (p.length > 2 ? [p[1]] : [])));
  none(
    [...folders].filter((f) => !named.includes(f)),
    'folders without a paragraph in src/README.md',
  );
  assert.deepEqual(
    named,
    [...named].sort((a, b) => RANKS[a] - RANKS[b]),
    'paragraphs follow the ranks',
  );
});

test('nothing of a machine or a registry stands in the repository', () => {
  const bad: string[] = [];
  const machine = new RegExp(`(^|[^A-Za-z0-9_.])/(${['work', 'farm', 'root', 'home/\\w+', 'Users/\\w+'].join('|')})/`);
  const registry = new RegExp(['registry\\.npm', 'js\\.org|registry\\.yarn', 'pkg|"resol', 'ved"'].join(''));
  for (const file of filesUnder('.')) {
    if (/\.(wasm|gz|png|jpg|svg|ico|zst|bin)$/.test(file)) continue;
    read(file)
      .split('\n')
      .forEach((line, i) => {
        if (machine.test(line) || registry.test(line)) bad.push(`${file}:${i + 1}: ${line.trim().slice(0, 120)}`);
      });
  }
  none(bad, 'machine paths or registry hosts');
});

test('dependencies are pinned exactly and need no install scripts', () => {
  const manifest = JSON.parse(read('package.json')) as { dependencies: Record<string, string>; devDependencies: Record<string, string> };
  const loose = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies }).filter(([, v]) => !/^\d+\.\d+\.\d+$/.test(v));
  none(
    loose.map(([k, v]) => `${k}@${v}`),
    'loose versions',
  );
  const lock = JSON.parse(read('package-lock.json')) as {
    packages: Record<string, { hasInstallScript?: boolean; optional?: boolean; optionalDependencies?: Record<string, string> }>;
  };
  none(
    Object.values(lock.packages).flatMap((p) => Object.keys(p.optionalDependencies ?? {}).filter((d) => lock.packages[`node_modules/${d}`] === undefined)),
    'optional packages of other platforms that the lockfile lacks, so that npm ci refuses it',
  );
  none(
    Object.entries(lock.packages).flatMap(([k, p]) => (p.hasInstallScript === true && p.optional !== true && !(k in IDLE_SCRIPTS) ? [k] : [])),
    'packages with install scripts',
  );
});

test('the tidy scanner sees what it should', () => {
  const code =
    "import { a } from './a.js'; // from './b.js'\nconst s = 'Date.now()'; const r = /['\"]/;\nexport type T = import('./c.js').C;\nconst t = `x $" +
    "{f('`')} Date.now`;";
  assert.deepEqual(specifiers(code), ['./a.js', './c.js']);
  assert.equal(/Date\.now/.test(blank(code, false)), false);
  const body = `function f(\n  a: number,\n): { x: number } | undefined {\n${'  a;\n'.repeat(5)}}\nclass C {\n  m(): void {\n    if (a) {\n    }\n  }\n}\n`;
  assert.deepEqual(
    functionSizes(body).map((x) => x.lines),
    [7, 4],
  );
  assert.equal(mayImport('window', 'exchange'), false, 'equal ranks');
  assert.equal(mayImport('connect/kafka', 'connect/filesystem'), false);
  assert.equal(mayImport('connect/kafka', 'ring'), false);
  assert.equal(mayImport('connect/kafka', 'format'), true);
  assert.equal(mayImport('base', 'types'), false);
  assert.equal(mayImport('sql', 'job'), true);
});
