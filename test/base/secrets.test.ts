import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isSensitive, masked, maskedScript } from '#src/base/secrets.js';
import { planScript } from '#src/sql/index.js';

test('values of secret options are hidden, by key and by what they hold', () => {
  for (const key of [
    'properties.sasl.jaas.config',
    'password',
    'properties.ssl.key.password',
    'fs.s3.secret-key',
    'x.ApiKey',
    'properties.ssl.keystore.key',
    'auth.token',
  ])
    assert.ok(isSensitive(key), key);
  for (const key of ['connector', 'topic', 'properties.bootstrap.servers', 'format']) assert.ok(!isSensitive(key), key);
  assert.equal(masked('topic', 't'), 't');
  assert.equal(masked('topic', 'user=a password=b'), '******');
});

const secret = 'hush-5eCret';
const jaas = `org.apache.kafka.common.security.plain.PlainLoginModule required username="u" password="${secret}";`;

test('a script is shown without its secrets, with every place where it was', () => {
  const pieces = fc.constantFrom(
    `'properties.sasl.jaas.config' = '${jaas}'`,
    `'password'='${secret}'`,
    `'x.secret' =\n  '${secret}\nof two lines ${secret}'`,
    `SET 'client.token' = '${secret}';`,
    `SET password = ${secret};`,
    `/*+ OPTIONS('password' = '${secret}') */`,
    `-- 'password' = '${secret}'`,
    `'note' = 'password=${secret}'`,
    "'topic' = 't'",
    'SELECT a FROM t;',
    "'it''s'",
  );
  const open = fc.constantFrom('', `, 'password' = '${secret}`, `SELECT 'token=${secret}`);
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 6 }), fc.constantFrom(' ', ', ', '\n'), open, (list, by, end) => {
      const text = `CREATE TABLE t (a INT) WITH (${list.join(by)}${end}`;
      const shown = maskedScript(text);
      assert.ok(!shown.includes(secret), shown);
      assert.equal(shown.length, text.length);
      assert.deepEqual(
        [...shown.matchAll(/\n/g)].map((m) => m.index),
        [...text.matchAll(/\n/g)].map((m) => m.index),
      );
      assert.equal(maskedScript('SELECT a AS x FROM t WHERE b = 5'), 'SELECT a AS x FROM t WHERE b = 5');
    }),
    { numRuns: 500 },
  );
});

test('no error, answer or plan of a script holds a secret', async () => {
  const table = (options: string): string =>
    `CREATE TABLE t (id INT) WITH ('connector' = 'kafka', 'topic' = 't', 'properties.bootstrap.servers' = 'h:1', 'format' = 'json', ${options});`;
  const hidden = `'properties.sasl.jaas.config' = '${jaas}', 'properties.ssl.key.password' = '${secret}'`;
  const scripts = [
    table(`${hidden}, 'nonsense' = '1'`),
    `${table(`${hidden}, 'scan.startup.mode' = 'earliest-offset'`)} SELECT nope FROM t;`,
    `${table(`'scan.startup.mode' = 'x', ${hidden}`)} SELECT id FROM t;`,
    `${table(hidden)} SELECT id FROM t /*+ OPTIONS('properties.ssl.key.password' = '${secret}', 'nope' = '1') */;`,
    `CREATE TABLE t (id INT) WITH (${hidden}`,
    `SET 'client.token' = '${secret}'; SET;`,
    `${table(`${hidden}, 'scan.startup.mode' = 'earliest-offset'`)} EXPLAIN SELECT id FROM t; DESCRIBE t;`,
  ];
  for (const text of scripts) {
    const said = await planScript(text, { file: 'x.sql' }).then(
      (plan) => JSON.stringify([plan.steps.filter((s) => s.kind === 'text'), plan.warnings]),
      (e: Error & { place?: unknown; cause?: unknown }) => `${e.message} ${e.stack} ${JSON.stringify(e.place)} ${String(e.cause)}`,
    );
    assert.ok(!said.includes(secret), said);
  }
});
