CREATE TABLE o (w_start TIMESTAMP(3), w_end TIMESTAMP(3), channel STRING, cnt BIGINT, mx BIGINT) WITH ('connector' = 'blackhole');
INSERT INTO o SELECT window_start, window_end, channel, COUNT(*), MAX(price) FROM TABLE(SESSION(TABLE bid PARTITION BY channel, DESCRIPTOR(`dateTime`), INTERVAL '1' SECOND)) GROUP BY window_start, window_end, channel;
