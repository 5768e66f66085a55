// Fills the option tables of docs/connectors.md from the code. node scripts/docs.mjs [--check]: --check changes nothing and fails when a table is old.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = new URL('../', import.meta.url);
const page = new URL('docs/connectors.md', root);

async function module(path) {
  const url = new URL(`dist/${path}`, root);
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

const old = readFileSync(page, 'utf8');
let text = old;
for (const [, kind, name] of old.matchAll(/<!-- options (\w+) (\w+) -->/g)) {
  const filled = `<!-- options ${kind} ${name} -->\n\n${table(await roles(kind, name))}\n\n<!-- end -->`;
  text = text.replace(new RegExp(`<!-- options ${kind} ${name} -->[\\s\\S]*?<!-- end -->`), () => filled);
}
if (text !== old && process.argv.includes('--check')) {
  console.error('docs/connectors.md does not show the options of the code: run node scripts/docs.mjs');
  process.exit(1);
}
if (text !== old) writeFileSync(page, text);
