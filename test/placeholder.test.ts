import { test } from 'node:test';
test('loads', async () => {
  await import('#src/wasm/engine.js');
});
