// npm run fuzz -- kafka [count] [seed]: mutated inputs against plain-JS models, by default a million of them. Ends with the figures, or with the input that differs.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const [what, count = '1000000', seed = String(Date.now() % 1_000_000)] = process.argv.slice(2);
if (what !== 'kafka') {
  console.error('npm run fuzz -- kafka [count] [seed]');
  process.exit(1);
}
if (spawnSync(process.execPath, [`${root}/scripts/build.mjs`, '--quiet'], { stdio: 'inherit' }).status !== 0) process.exit(1);
const { fuzzBatches } = await import(`${root}/.build/test/connect/kafka/fuzz.js`);
console.log(`kafka: ${count} mutated batches, seed ${seed}`);
const began = performance.now();
const { ends, rows } = fuzzBatches(Number(count), Number(seed), (done) => console.log(`${done} done`));
console.log(`no difference in ${((performance.now() - began) / 1000).toFixed(0)} s: ${rows} records; ended ${JSON.stringify(ends)}`);
