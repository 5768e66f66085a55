CREATE TABLE o (w_start TIMESTAMP(3), state STRING, cnt BIGINT, mn STRING) WITH ('connector' = 'blackhole');
INSERT INTO o SELECT window_start, state, COUNT(*), MIN(city) FROM TABLE(TUMBLE(TABLE person, DESCRIPTOR(`dateTime`), INTERVAL '10' SECOND)) GROUP BY window_start, window_end, state;
