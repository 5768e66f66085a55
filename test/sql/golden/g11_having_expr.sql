CREATE TABLE o (w_start TIMESTAMP(3), x BIGINT, y DOUBLE) WITH ('connector' = 'blackhole');
INSERT INTO o SELECT TUMBLE_START(`dateTime`, INTERVAL '10' SECOND), auction, SUM(price) / CAST(COUNT(*) AS DOUBLE) FROM bid GROUP BY TUMBLE(`dateTime`, INTERVAL '10' SECOND), auction HAVING SUM(price) > 1000000 AND COUNT(*) >= 3;
