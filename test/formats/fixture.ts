import assert from 'node:assert/strict';
import { read } from '../tidy/source.js';

/** Bytes as the pages of docs/formats write them: groups of four. */
export function hex(bytes: Uint8Array): string {
  return [...bytes].map((b, i) => (i > 0 && i % 4 === 0 ? ' ' : '') + b.toString(16).padStart(2, '0')).join('');
}

/** Compares named regions with the lines `name: hex` of the page's ```hex block. */
export function matchesPage(page: string, regions: readonly (readonly [string, Uint8Array])[]): void {
  const block = /```hex\n([\s\S]*?)```/.exec(read(page));
  assert.ok(block !== null, `${page} has no hex block`);
  const expected = block[1]
    .replace(/\n {2,}/g, ' ')
    .trim()
    .split('\n');
  const actual = regions.map(([name, bytes]) => `${name}: ${hex(bytes)}`);
  assert.deepEqual(actual, expected, `${page} shows other bytes than the code makes`);
}
