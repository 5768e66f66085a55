CREATE TABLE o (n BIGINT, hi BIGINT, total DECIMAL(38, 2), name STRING) WITH ('connector' = 'blackhole');
INSERT INTO o SELECT COUNT(*), MAX(initialBid), SUM(CAST(initialBid AS DECIMAL(14, 2))), MIN(itemName) FROM auction WHERE MOD(id, 3) = 0;
