-- Records of 150 bytes from a generator into a topic.
SET 'parallelism.default' = '${PARALLELISM}';
CREATE TABLE made (id BIGINT, filler STRING)
WITH ('connector' = 'datagen', 'number-of-rows' = '${RECORDS}', 'rows-per-second' = '1000000000',
  'fields.id.kind' = 'sequence', 'fields.id.start' = '1000000', 'fields.id.end' = '${LAST}', 'fields.filler.length' = '123');
CREATE TABLE topic (id BIGINT, filler STRING) WITH (${SINK});
INSERT INTO topic SELECT id, filler FROM made;
