import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { describePlace, MillraceError, nearest } from '#src/base/errors.js';

test('a place names what is known, with a caret under the column', () => {
  assert.equal(describePlace({ file: 'job.sql', line: 3, column: 8, excerpt: 'SELECT x FROM t' }), 'at job.sql:3:8\n  SELECT x FROM t\n         ^');
  assert.equal(describePlace({ topic: 't', partition: 0, offset: 17n }), 'at topic t, partition 0, offset 17');
  assert.equal(describePlace({ line: 2, column: 1, operator: 'sink' }), 'at line 2, column 1, operator sink');
  assert.equal(describePlace({}), '');
});

test('of a long line the part around the column is shown, and the caret stands under the same character', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 3000 }), fc.nat(), (length, at) => {
      const column = (at % length) + 1;
      const excerpt = `${'.'.repeat(column - 1)}X${'.'.repeat(length - column)}`;
      const [, text, caret] = describePlace({ line: 1, column, excerpt }).split('\n');
      assert.equal(caret.indexOf('^'), text.indexOf('X'));
      assert.ok(text.length <= 2 + 200 + 6);
      if (length <= 200) assert.equal(text.trim(), excerpt);
    }),
  );
});

test('an error travels between threads and keeps code, place and remedy', () => {
  const e = new MillraceError('BAD_FIELD', 'no number', { place: { file: 'a', line: 1 }, remedy: 'mend it', cause: new Error('inner') });
  const back = MillraceError.fromPlain(structuredClone(e.toPlain()));
  assert.equal(back.message, 'no number\n  at a:1\n  mend it');
  assert.deepEqual([back.code, back.place, back.remedy], [e.code, e.place, e.remedy]);
  assert.match(String(back.cause), /inner/);
});

test('the nearest name is offered only for a slip', () => {
  assert.equal(nearest('formt', ['format', 'topic']), 'format');
  assert.equal(nearest('TOPIC', ['format', 'topic']), 'topic');
  assert.equal(nearest('bootstrap', ['format', 'topic']), undefined);
});
