// npm run fuzz -- kafka [count] [seed]: mutated inputs against plain-JS models, by default a million of them. Ends with the figures, or with the input that differs.
// npm run fuzz -- kafka-peers [count] [seed]: sources and sinks against brokers that answer wrongly, by default two thousand. Ends with how they ended.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const [what, given, seed = String(Date.now() % 1_000_000)] = process.argv.slice(2);
if (what !== 'kafka' && what !== 'kafka-peers') {
  console.error('npm run fuzz -- kafka [count] [seed], or kafka-peers [count] [seed]');
  process.exit(1);
}
if (spawnSync(process.execPath, [`${root}/scripts/build.mjs`, '--quiet'], { stdio: 'inherit' }).status !== 0) process.exit(1);
const count = Number(given ?? (what === 'kafka' ? 1_000_000 : 2000));
const log = (done) => console.log(`${done} done`);
const began = performance.now();
const seconds = () => ((performance.now() - began) / 1000).toFixed(0);
if (what === 'kafka') {
  const { fuzzBatches } = await import(`${root}/.build/test/connect/kafka/fuzz.js`);
  console.log(`kafka: ${count} mutated batches, seed ${seed}`);
  const { ends, rows } = fuzzBatches(count, Number(seed), log);
  console.log(`no difference in ${seconds()} s: ${rows} records; ended ${JSON.stringify(ends)}`);
} else {
  const { fuzzPeers } = await import(`${root}/.build/test/connect/kafka/peer-fuzz.js`);
  console.log(`kafka-peers: ${count} brokers, seed ${seed}`);
  const ends = await fuzzPeers(count, Number(seed), log);
  console.log(`nothing but errors of their own in ${seconds()} s: ended ${JSON.stringify(ends)}`);
}
