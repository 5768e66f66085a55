-- A running count over integer keys made in memory; every record changes one count.
SET 'parallelism.default' = '${PARALLELISM}';
CREATE TABLE numbers (k BIGINT) WITH (
  'connector' = 'datagen',
  'number-of-rows' = '${RECORDS}',
  'rows-per-second' = '1000000000',
  'fields.k.min' = '0',
  'fields.k.max' = '${KEY_MAX}'
);
CREATE TABLE counts (k BIGINT, n BIGINT) WITH ('connector' = 'blackhole');
INSERT INTO counts SELECT k, COUNT(*) FROM numbers GROUP BY k;
