CREATE TABLE o (created TIMESTAMP(3), n BIGINT) WITH ('connector' = 'blackhole');
INSERT INTO o SELECT `dateTime`, COUNT(*) FROM auction GROUP BY `dateTime`;
