import assert from 'node:assert/strict';
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { ManualClock } from '#src/base/clock.js';
import type { MillraceError } from '#src/base/errors.js';
import { FRAME_HEADER_BYTES, FRAME_LAST } from '#src/connect/filesystem/frame_lines.js';
import { createIoSource } from '#src/connect/filesystem/gzip.js';
import { type GzipConfig, planFiles } from '#src/connect/filesystem/plan.js';
import type { FrameReader } from '#src/contract/io.js';
import type { SourceConfig } from '#src/contract/source.js';
import type { Engine } from '#src/wasm/engine.js';
import { host, openReaders, pollInto, sourceConfig, tempFolder } from './lines_fixture.js';

const folder = tempFolder();
after(() => folder.remove());

/** Frames as a slot sees them: each take gives the next one, copied over the last. */
class Frames implements FrameReader {
  readonly #engine: Engine;
  readonly #frames: readonly Uint8Array[];
  readonly #room: number;
  #next = 0;
  constructor(engine: Engine, frames: readonly Uint8Array[]) {
    this.#engine = engine;
    this.#frames = frames;
    this.#room = engine.alloc(Math.max(1, ...frames.map((f) => f.length)));
  }
  take(): { ptr: number; length: number } | undefined {
    const f = this.#frames[this.#next];
    if (f === undefined) return undefined;
    this.#next++;
    this.#engine.u8.set(f, this.#room);
    return { ptr: this.#room, length: f.length };
  }
  get ended(): boolean {
    return this.#next === this.#frames.length;
  }
}

function frame(file: number, bytes: Uint8Array, flags: number): Uint8Array {
  const out = new Uint8Array(FRAME_HEADER_BYTES + bytes.length);
  new DataView(out.buffer).setUint32(0, file, true);
  new DataView(out.buffer).setUint32(4, flags, true);
  out.set(bytes, FRAME_HEADER_BYTES);
  return out;
}

/** All frames of a plan's gzip files by subtask. */
async function inflate(config: GzipConfig, parallelism: number): Promise<Uint8Array[][]> {
  const out: Uint8Array[][] = Array.from({ length: parallelism }, () => []);
  const source = createIoSource(config, { clock: new ManualClock(), signal: new AbortController().signal, parallelism, options: {} });
  await source.run((subtask, f) => {
    out[subtask].push(f);
    return undefined;
  });
  await source.close();
  return out;
}

async function readAll(config: SourceConfig, parallelism: number): Promise<string[][]> {
  const plan = planFiles(config, host(parallelism), { blockBytes: 64, aheadMax: 4 });
  const frames = await inflate(plan.io?.config as GzipConfig, parallelism);
  const readers = openReaders(config, plan, parallelism, { frames: (engine, s) => new Frames(engine, frames[s]) });
  const out: string[][] = readers.map(() => []);
  for (let turn = 0; readers.some((r) => !r.ended); turn++) {
    assert.ok(turn < 100_000, 'it ends');
    for (const [i, r] of readers.entries()) if (!r.ended) pollInto(r, out[i]);
  }
  return out;
}

const gz = (name: string, text: string): string => {
  const path = join(folder.path, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, gzipSync(text));
  return path;
};

test('gzip files and plain ones of a folder are read together', async () => {
  const numbered = (p: string, n: number) => Array.from({ length: n }, (_, i) => `${p}${i} ${'x'.repeat(i % 200)}`);
  gz('mixed/a.json.gz', numbered('a', 9000).join('\n'));
  gz('mixed/b.json.gz', `${numbered('b', 10).join('\r\n')}\r\n`);
  gz('mixed/empty.json.gz', '');
  writeFileSync(join(folder.path, 'mixed/c.json'), numbered('c', 50).join('\n'));
  const want = [...numbered('a', 9000), ...numbered('b', 10), ...numbered('c', 50)].sort();
  for (const parallelism of [1, 2, 3]) {
    const out = await readAll(sourceConfig(join(folder.path, 'mixed')), parallelism);
    assert.deepEqual(out.flat().sort(), want);
    for (const p of ['a', 'b']) assert.equal(out.filter((o) => o.some((l) => l.startsWith(p))).length, 1, 'one inflated file goes to one subtask');
  }
});

test('lines are joined across frames, and positions restore at another parallelism', () => {
  const body = fc.array(fc.stringMatching(/^[a-z]{0,20}$/), { maxLength: 30 }).map((l) => l.filter((x) => x !== 'bad').join('\n'));
  fc.assert(
    fc.property(
      body,
      body,
      fc.array(fc.integer({ min: 1, max: 15 }), { minLength: 1, maxLength: 5 }),
      fc.array(fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 0, max: 12 })), { maxLength: 3 }),
      (a, b, sizes, runs) => {
        const files = [gz('joined/a.gz', a), gz('joined/b.gz', b)];
        assert.equal(files.length, 2);
        const config = sourceConfig(join(folder.path, 'joined'));
        const pieces = (file: number, text: string): Uint8Array[] => {
          const bytes = Buffer.from(text);
          const out: Uint8Array[] = [];
          for (let at = 0, i = 0; at < bytes.length; i++) {
            const n = sizes[i % sizes.length];
            out.push(frame(file, bytes.subarray(at, at + n), 0));
            at += n;
          }
          out.push(frame(file, new Uint8Array(0), FRAME_LAST));
          return out;
        };
        const seen: string[] = [];
        let elements: Uint8Array[] = [];
        for (const [parallelism, polls] of [...runs, [2, 1_000_000] as const]) {
          const plan = planFiles(config, host(parallelism), { blockBytes: 16, aheadMax: 4 });
          const frames = Array.from({ length: parallelism }, (_, s) =>
            [a, b].flatMap((text, file) => (file % Math.min(parallelism, 2) === s ? pieces(file, text) : [])),
          );
          const restore = Array.from({ length: parallelism }, (_, s) => elements.filter((_, e) => e % parallelism === s));
          const readers = openReaders(config, plan, parallelism, { restore, rows: 2, frames: (engine, s) => new Frames(engine, frames[s]) });
          for (let turn = 0; turn < polls && readers.some((r) => !r.ended); turn++) for (const r of readers) if (!r.ended) pollInto(r, seen);
          elements = readers.flatMap((r) => r.reader.snapshot());
        }
        const lines = (text: string) => {
          const l = text.split('\n');
          if (l.at(-1) === '') l.pop();
          return l;
        };
        assert.deepEqual(seen.sort(), [...lines(a), ...lines(b)].sort());
      },
    ),
    { numRuns: 60 },
  );
});

test('a bad record in a gzip file names its line, a torn file fails', async () => {
  const path = gz('bad.json.gz', `${'ok ok ok\n'.repeat(100_000)}bad\nok\n`);
  await assert.rejects(
    readAll(sourceConfig(path), 1),
    (e: MillraceError) => e.code === 'MALFORMED_RECORD' && e.place.file === path && e.place.line === 100_001,
  );
  truncateSync(path, 300);
  await assert.rejects(readAll(sourceConfig(path), 1), (e: MillraceError) => e.code === 'FILE_READ' && e.place.file === path);
  writeFileSync(path, 'not gzip');
  await assert.rejects(readAll(sourceConfig(path), 1), (e: MillraceError) => e.code === 'FILE_READ' && /gzip/.test(e.message));
});
