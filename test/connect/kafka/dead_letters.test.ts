import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '#src/base/clock.js';
import type { MillraceError } from '#src/base/errors.js';
import { MetricGroup } from '#src/base/metrics.js';
import { allocBatch } from '#src/batch/batch.js';
import { FRAME_HEADER_BYTES, FRAME_RECORDS, sealFrame } from '#src/connect/kafka/frame.js';
import { connector } from '#src/connect/kafka/index.js';
import { KafkaReader } from '#src/connect/kafka/reader.js';
import { POLL_ROWS, type SourceConfig } from '#src/contract/source.js';
import { format } from '#src/format/json.js';
import { flatten } from '#src/types/leaf.js';
import { INT } from '#src/types/logical.js';
import { Engine } from '#src/wasm/engine.js';
import { batchBytes, concat, EMPTY_BATCH } from './batches.js';
import { FrameQueue } from './doubles.js';

test('skipped records of a topic are kept with topic, partition and offset', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-letters-'));
  const engine = new Engine();
  const options = { topic: 'orders', 'properties.bootstrap.servers': 'localhost:1', 'properties.group.id': 'g', 'dead-letter.path': folder };
  const config: SourceConfig = {
    connector: 'kafka',
    tableName: 't',
    options,
    format: { name: 'json', options: { 'ignore-parse-errors': 'true' } },
    schema: { fields: [{ name: 'id', type: INT() }] },
    metadata: [undefined],
    order: 'ignored',
  };
  const values = ['{"id":1}', 'nonsense', '{"id":2}', '{"id":'];
  const records = values.map((v, i) => ({ key: null, value: Buffer.from(v), timeDelta: 0n, offsetDelta: i, headers: [] }));
  const batches = batchBytes({ ...EMPTY_BATCH, baseOffset: 10n, lastOffsetDelta: 3, records });
  const bytes = concat([new Uint8Array(FRAME_HEADER_BYTES), batches]);
  const frames = new FrameQueue(engine);
  frames.send(sealFrame(bytes, 0, bytes.length, FRAME_RECORDS, 0, 14n, 0));
  const leaves = flatten(config.schema);
  const splits = [{ number: 0, topic: 'orders', partition: 3, start: 10n, stop: 14n }];
  const decoder = format.createDecoder(engine, config.format!.options, leaves);
  const reader = new KafkaReader(config, { bounded: true, splits: [splits], detail: { checkCrc: true } }, splits, {
    engine,
    clock: systemClock,
    metrics: new MetricGroup(),
    subtaskIndex: 2,
    parallelism: 3,
    leaves,
    decoder,
    frames,
    closures: [],
    runId: 'r1',
    splitAdded() {},
    splitFinished() {},
  });
  reader.open();
  const batch = allocBatch(engine, leaves);
  let rows = 0;
  for (;;) {
    batch.clear();
    if (reader.poll(batch) !== POLL_ROWS) break;
    rows += batch.rows;
  }
  assert.equal(rows, 2);
  assert.deepEqual(readdirSync(folder), ['dead-letters-r1-2.jsonl'], 'written when the reader idles');
  const kept = readFileSync(join(folder, 'dead-letters-r1-2.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((l) => JSON.parse(l) as Record<string, unknown>);
  assert.deepEqual(
    kept.map((k) => [k.place, k.record]),
    [
      [{ topic: 'orders', partition: 3, offset: '11' }, 'nonsense'],
      [{ topic: 'orders', partition: 3, offset: '13' }, '{"id":'],
    ],
  );
  reader.close();
  rmSync(folder, { recursive: true });
  const strict = { ...config, format: { name: 'json', options: {} } };
  assert.throws(
    () => connector.checkSource?.(strict, {}),
    (e: MillraceError) => e.code === 'INVALID_OPTION' && /dead-letter/.test(e.message),
  );
});
