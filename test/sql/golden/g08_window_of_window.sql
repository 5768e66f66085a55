CREATE VIEW inner_w AS SELECT bidder, COUNT(*) AS cnt, TUMBLE_ROWTIME(`dateTime`, INTERVAL '5' SECOND) AS rt FROM bid GROUP BY TUMBLE(`dateTime`, INTERVAL '5' SECOND), bidder;
CREATE TABLE o (w_end TIMESTAMP(3), mx BIGINT, n BIGINT) WITH ('connector' = 'blackhole');
INSERT INTO o SELECT window_end, MAX(cnt), COUNT(*) FROM TABLE(TUMBLE(TABLE inner_w, DESCRIPTOR(rt), INTERVAL '20' SECOND)) GROUP BY window_start, window_end;
