// Prints the Flink SQL script whose results are test/wasm/flink-expected.json: build first, then
//   node scripts/record-expressions.mjs ZONE rows.jsonl > record.sql
// writes the table's rows to rows.jsonl and one SELECT per expression to the script.
import { writeFileSync } from 'node:fs';

const { CASES } = await import('../.build/test/wasm/flink-cases.js');
const { COLUMNS, ROWS } = await import('../.build/test/wasm/flink-rows.js');
const [zone = 'UTC', file = 'rows.jsonl'] = process.argv.slice(2);
const { typeToString } = await import('../.build/src/types/logical.js');
writeFileSync(file, `${ROWS.map((r, k) => JSON.stringify({ id: k, ...r })).join('\n')}\n`);
const columns = Object.entries(COLUMNS).map(([name, type]) => `\`${name}\` ${typeToString(type)}`);
console.log(`SET 'table.local-time-zone' = '${zone}';`);
console.log(`CREATE TABLE t (id INT, ${columns.join(', ')}) WITH ('connector' = 'filesystem', 'path' = '${file}', 'format' = 'json');`);
for (const [sql] of CASES) console.log(`SELECT CAST(${sql} AS STRING) FROM t;`);
