/** millrace/bundle: for programs that are bundled. docs/bundling.md says how. */
export { copyPackage, esbuildPlugin, rollupPlugin } from './serve/bundle.js';
