import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository, seen from .build/test/tidy/. */
export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const SKIPPED = new Set(['node_modules', 'dist', '.git', '.build', '.bench-data', 'coverage', 'target']);

/** Files of the repository (paths with '/'), build products left out. */
export function filesUnder(folder: string, endings: readonly string[] = []): string[] {
  const out: string[] = [];
  const walk = (dir: string): void => {
    for (const e of readdirSync(dir, { withFileTypes: true })) {
      if (SKIPPED.has(e.name)) continue;
      const path = join(dir, e.name);
      if (e.isDirectory()) walk(path);
      else if (endings.length === 0 || endings.some((x) => e.name.endsWith(x))) out.push(relative(ROOT, path).split(sep).join('/'));
    }
  };
  walk(join(ROOT, folder));
  return out.sort();
}

export const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

/** A '/' after one of these starts a regular expression, not a division. */
const BEFORE_REGEX = /(^|[=(,:;[!&|?{}+\n>]|\breturn|\btypeof|\bcase)\s*$/;

/**
 * The code with comments blanked out and, unless `keepStrings`, the insides of strings and regular expressions too.
 * Length and line breaks stay. A scanner for formatted TypeScript, not a parser: template literals keep their ${} parts as text.
 */
export function blank(code: string, keepStrings: boolean): string {
  let out = '';
  let i = 0;
  const hide = (text: string): string => text.replace(/[^\n]/g, ' ');
  const take = (end: number, hidden: boolean): void => {
    const text = code.slice(i, end);
    out += hidden ? hide(text) : text;
    i = end;
  };
  while (i < code.length) {
    const c = code[i];
    if (c === '/' && code[i + 1] === '/') {
      const end = code.indexOf('\n', i);
      take(end < 0 ? code.length : end, true);
    } else if (c === '/' && code[i + 1] === '*') {
      const end = code.indexOf('*/', i + 2);
      take(end < 0 ? code.length : end + 2, true);
    } else if (c === "'" || c === '"' || c === '`') {
      take(endOfQuoted(code, i, c), !keepStrings);
    } else if (c === '/' && BEFORE_REGEX.test(out.slice(-12))) {
      take(endOfRegex(code, i), !keepStrings);
    } else {
      take(i + 1, false);
    }
  }
  return out;
}

function endOfQuoted(code: string, start: number, quote: string): number {
  let depth = 0;
  for (let i = start + 1; i < code.length; i++) {
    const c = code[i];
    if (c === '\\') i++;
    else if (quote === '`' && c === '$' && code[i + 1] === '{') {
      depth++;
      i++;
    } else if (depth > 0 && (c === '`' || c === "'" || c === '"')) i = endOfQuoted(code, i, c) - 1;
    else if (depth > 0 && c === '{') depth++;
    else if (depth > 0 && c === '}') depth--;
    else if (c === quote || (c === '\n' && quote !== '`')) return i + 1;
  }
  return code.length;
}

function endOfRegex(code: string, start: number): number {
  let inClass = false;
  for (let i = start + 1; i < code.length; i++) {
    const c = code[i];
    if (c === '\\') i++;
    else if (c === '[') inClass = true;
    else if (c === ']') inClass = false;
    else if ((c === '/' && !inClass) || c === '\n') return i + 1;
  }
  return code.length;
}

/** Module specifiers of imports, re-exports, import() with a literal, import types and module augmentations. */
export function specifiers(code: string): string[] {
  const text = blank(code, true);
  const found = new Set<string>();
  for (const re of [
    /\bfrom\s+(['"])([^'"\n]+)\1/g,
    /\bimport\s+(['"])([^'"\n]+)\1/g,
    /\bimport\(\s*(['"])([^'"\n]+)\1/g,
    /\bdeclare module\s+(['"])([^'"\n]+)\1/g,
  ])
    for (const m of text.matchAll(re)) found.add(m[2]);
  return [...found];
}

export interface FunctionSize {
  readonly line: number;
  readonly lines: number;
  readonly header: string;
}

/** Functions by their braces: in formatted code a body opens after '=>' or after a parameter list that no control statement owns. */
export function functionSizes(code: string): FunctionSize[] {
  const text = blank(code, false);
  const out: FunctionSize[] = [];
  const open: ({ line: number; header: string } | undefined)[] = [];
  let line = 1;
  let lineStart = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === '\n') {
      line++;
      lineStart = i + 1;
    } else if (c === '{') {
      const header = text.slice(lineStart, i).trim();
      const isBody =
        /=>$/.test(header) || (/\)(\s*:([^;={}]|\{[^{}]*\})+)?$/.test(header) && !/^(\}\s*)?(else\s+)?(if|for|while|switch|catch|with)\b/.test(header));
      open.push(isBody ? { line, header } : undefined);
    } else if (c === '}') {
      const start = open.pop();
      if (start !== undefined) out.push({ line: start.line, lines: line - start.line + 1, header: start.header });
    }
  }
  return out;
}

/** Anchors of a Markdown page as GitHub makes them. */
export function anchors(markdown: string): Set<string> {
  const seen = new Map<string, number>();
  const out = new Set<string>();
  for (const m of withoutFences(markdown).matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)) {
    const slug = m[1]
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\p{M} _-]/gu, '')
      .replaceAll(' ', '-');
    const n = seen.get(slug) ?? 0;
    seen.set(slug, n + 1);
    out.add(n === 0 ? slug : `${slug}-${n}`);
  }
  return out;
}

/** Targets of links and images. */
export function links(markdown: string): string[] {
  return [...withoutFences(markdown).matchAll(/\]\(([^()\s]+)\)/g)].map((m) => m[1]);
}

function withoutFences(markdown: string): string {
  return markdown.replace(/^(```|~~~)[^\n]*\n[\s\S]*?^\1[^\n]*$/gm, '').replace(/`[^`\n]*`/g, (s) => s.replace(/[[\]()]/g, ' '));
}
