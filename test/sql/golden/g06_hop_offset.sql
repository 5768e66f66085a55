CREATE TABLE o (w_start TIMESTAMP(3), w_end TIMESTAMP(3), cnt BIGINT, av BIGINT) WITH ('connector' = 'blackhole');
INSERT INTO o SELECT window_start, window_end, COUNT(*), AVG(price) FROM TABLE(HOP(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '3' SECOND, INTERVAL '9' SECOND, INTERVAL '1' SECOND)) GROUP BY window_start, window_end;
