// A running count in a Map, over the numbers that millrace's datagen makes: node node-map-counts.mjs keys records
const keys = Number(process.argv[2]);
const records = Number(process.argv[3]);
const s = new Int32Array([0x9e3779b9, 0x243f6a88, 42, 1]);
/** sfc32, as src/base/prng.ts */
function next() {
  const t = (s[0] + s[1] + s[3]) | 0;
  s[3] = (s[3] + 1) | 0;
  s[0] = s[1] ^ (s[1] >>> 9);
  s[1] = (s[2] + (s[2] << 3)) | 0;
  s[2] = (((s[2] << 21) | (s[2] >>> 11)) + t) | 0;
  return t >>> 0;
}
for (let i = 0; i < 15; i++) next();
const counts = new Map();
let changes = 0;
const start = performance.now();
for (let i = 0; i < records; i++) {
  const k = Math.floor((((next() >>> 5) * 67108864 + (next() >>> 6)) / 9007199254740992) * keys);
  counts.set(k, (counts.get(k) ?? 0) + 1);
  changes++;
}
const seconds = (performance.now() - start) / 1000;
console.log(JSON.stringify({ records: changes, seconds, keys: counts.size }));
