import { MillraceError } from './errors.js';

/**
 * Folder of millrace's own compiled modules: this file lies one level below it, in src/base and in the package's chunks alike. Bundled as CommonJS
 * there is no `import.meta.url`; then nothing is found, and that is said when it is looked for.
 */
const ROOT = new URL('..', (import.meta.url as string | undefined) ?? 'file:///bundled/');

/** URL of one of millrace's own files, for workers and for what is loaded by name: `ownModule('task/worker.js')`. */
export function ownModule(path: string): string {
  return new URL(path, ROOT).href;
}

/** What loading one of millrace's files ended in: PACKAGE_INCOMPLETE when the file is not there, else the failure as it is. */
export function ownFileError(url: string, cause: unknown): unknown {
  const { code, message } = cause as { code?: unknown; message?: unknown };
  const missing = code === 'ENOENT' || (code === 'ERR_MODULE_NOT_FOUND' && String(message).startsWith('Cannot find module'));
  if (!missing || !url.startsWith(ROOT.href)) return cause;
  return new MillraceError('PACKAGE_INCOMPLETE', `millrace's file ${url.slice(ROOT.href.length)} is not beside its code`, {
    place: { file: decodeURIComponent(new URL(url).pathname) },
    remedy:
      "millrace was bundled into the program, but its workers, connectors and kernels are files of their own: keep it out of the bundle (external: 'millrace') and bring it " +
      "along, with the plugins of 'millrace/bundle' or `npx millrace bundle <outdir>` (docs/bundling.md). If nothing was bundled, install millrace again.",
    cause,
  });
}
