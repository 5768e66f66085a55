/** Folder of millrace's own compiled modules: this file lies one level below it, in src/base and in the package's chunks alike. */
const ROOT = new URL('..', import.meta.url);

/** URL of one of millrace's own files, for workers and for what is loaded by name: `ownModule('task/worker.js')`. */
export function ownModule(path: string): string {
  return new URL(path, ROOT).href;
}
