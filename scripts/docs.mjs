// Fills the option tables of docs/connectors.md and the functions of docs/sql.md from the code.
// node scripts/docs.mjs [--check]: --check changes nothing and fails when something is old.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = new URL('../', import.meta.url);

async function module(path) {
  const url = new URL(`.build/src/${path}`, root);
  if (!existsSync(fileURLToPath(url))) throw new Error(`dist/${path} is not there: run npm run build`);
  return import(url.href);
}

/** Options of one part of the system, by the role in which they apply. */
async function roles(kind, name) {
  if (kind === 'job') return { '': (await module('job/options.js')).JOB_OPTIONS };
  if (kind === 'connect') {
    const { connector } = await module(`connect/${name}/index.js`);
    return { source: connector.sourceOptions, sink: connector.sinkOptions };
  }
  const { format } = await module(`format/${name}.js`);
  return { read: format.decoderOptions, write: format.encoderOptions };
}

const cell = (text) => String(text).replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('*', '\\*');

function table(byRole) {
  const keys = [...new Set(Object.values(byRole).flatMap((o) => Object.keys(o ?? {})))];
  if (keys.length === 0) return 'No options.';
  const many = Object.keys(byRole).length > 1;
  const rows = keys.map((key) => {
    const [role, defs] = Object.entries(byRole).find(([, o]) => o?.[key] !== undefined);
    const used = Object.entries(byRole).filter(([, o]) => o?.[key] !== undefined);
    const def = defs[key];
    const initial = def.required ? 'required' : def.default === undefined ? '' : `\`${String(def.default) === '' ? "''" : def.default}\``;
    const unit =
      initial.startsWith('`') && def.kind.expected.startsWith('a duration')
        ? ' ms'
        : initial.startsWith('`') && def.kind.expected.startsWith('a size')
          ? ' bytes'
          : '';
    return `| \`${key}\` | ${many ? `${used.length > 1 ? 'both' : role} | ` : ''}${initial}${unit} | ${cell(def.doc)} |`;
  });
  return [`| option | ${many ? 'for | ' : ''}default | |`, `|---|${many ? '---|' : ''}---|---|`, ...rows].join('\n');
}

/** Names of the SQL functions of one group. */
async function functions(group) {
  const tables = await module(`sql/bind/functions/${group}.js`);
  const names = Object.keys(tables[`${group.toUpperCase()}_FUNCTIONS`])
    .filter((n) => !n.includes(' '))
    .sort();
  return names.map((n) => `\`${n}\``).join(' ');
}

for (const page of ['docs/connectors.md', 'docs/sql.md']) {
  const url = new URL(page, root);
  const old = readFileSync(url, 'utf8');
  let text = old;
  for (const [, mark, kind, name] of old.matchAll(/<!-- (options (\w+) (\w+)|functions \w+) -->/g)) {
    const body = kind === undefined ? await functions(mark.split(' ')[1]) : table(await roles(kind, name));
    text = text.replace(new RegExp(`<!-- ${mark} -->[\\s\\S]*?<!-- end -->`), () => `<!-- ${mark} -->\n\n${body}\n\n<!-- end -->`);
  }
  if (text === old) continue;
  if (process.argv.includes('--check')) {
    console.error(`${page} does not show what the code has: run node scripts/docs.mjs`);
    process.exitCode = 1;
  } else writeFileSync(url, text);
}
