// DuckDB on the same file. node duckdb.mjs PACKAGE-FOLDER ads|users THREADS KEY-TYPE input.jsonl output.jsonl
// A batch database: it reads the whole file, then groups it; it knows neither watermarks nor windows that close, and nothing leaves before the end.
import { renameSync } from 'node:fs';
import { createRequire } from 'node:module';

const [folder, work, threads, key, input, output] = process.argv.slice(2);
const { DuckDBInstance } = createRequire(`${folder}/`)('@duckdb/node-api');

const WINDOW = `event_time - event_time % 10000`;
const START = `strftime(make_timestamp_ms(w), '%Y-%m-%d %H:%M:%S')`;
const file = (columns) => `read_json('${input}', format = 'newline_delimited', columns = {${columns}, event_time: 'BIGINT'})`;
const queries = {
  ads: `SELECT ad_id, ${START} AS window_start, n AS view_count
    FROM (SELECT ad_id, ${WINDOW} AS w, count(*) AS n FROM ${file(`ad_id: '${key}', event_type: 'VARCHAR'`)} WHERE event_type = 'view' GROUP BY ALL)`,
  users: `SELECT user_id, ${START} AS window_start, orders, total, largest
    FROM (SELECT user_id, ${WINDOW} AS w, count(*) AS orders, sum(amount)::BIGINT AS total, max(amount) AS largest
      FROM ${file(`user_id: '${key}', amount: 'BIGINT'`)} GROUP BY ALL)`,
};

const instance = await DuckDBInstance.create(':memory:', { threads });
const connection = await instance.connect();
await connection.run('SET preserve_insertion_order = false');
const began = performance.now();
await connection.run(`COPY (${queries[work]}) TO '${output}.inprogress' (FORMAT json)`);
renameSync(`${output}.inprogress`, output);
const seconds = (performance.now() - began) / 1000;
console.log(JSON.stringify({ seconds }));
