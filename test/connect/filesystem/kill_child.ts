// Writes parts until it is killed: lines `n` in order, each part rolled at about 4 kB.
import { ManualClock } from '#src/base/clock.js';
import { Engine } from '#src/wasm/engine.js';
import { openWriter, sinkConfig } from './writer_fixture.js';

const folder = process.argv[2];
const w = openWriter(new Engine(), new ManualClock(), sinkConfig(folder, { 'sink.rolling-policy.file-size': '4 kb' }));
process.stdout.write('ready\n');
for (let n = 0; ; n += 10) {
  w.write(Array.from({ length: 10 }, (_, i) => `line ${String(n + i).padStart(8, '0')}`));
}
