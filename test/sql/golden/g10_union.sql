CREATE TABLE o (who BIGINT, ts TIMESTAMP(3), what STRING) WITH ('connector' = 'blackhole');
INSERT INTO o SELECT id, `dateTime`, name FROM person WHERE id > 1005 UNION ALL SELECT seller, `dateTime`, itemName FROM auction WHERE category = 10;
