CREATE TABLE o (w_start TIMESTAMP(3), bidder BIGINT, cnt BIGINT) WITH ('connector' = 'blackhole');
INSERT INTO o SELECT window_start, bidder, COUNT(*) FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '10' SECOND, INTERVAL '3' SECOND)) GROUP BY window_start, window_end, bidder;
