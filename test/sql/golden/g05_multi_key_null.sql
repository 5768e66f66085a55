CREATE VIEW n AS SELECT CASE WHEN MOD(price, 3) = 0 THEN CAST(NULL AS STRING) ELSE channel END AS ch, CASE WHEN MOD(price, 5) = 0 THEN CAST(NULL AS BIGINT) ELSE MOD(price, 4) END AS m, `dateTime` FROM bid;
CREATE TABLE o (w_end TIMESTAMP(3), ch STRING, m BIGINT, cnt BIGINT) WITH ('connector' = 'blackhole');
INSERT INTO o SELECT window_end, ch, m, COUNT(*) FROM TABLE(TUMBLE(TABLE n, DESCRIPTOR(`dateTime`), INTERVAL '10' SECOND)) GROUP BY ch, window_start, m, window_end;
