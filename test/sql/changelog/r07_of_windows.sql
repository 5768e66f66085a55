CREATE TABLE o (n BIGINT, windows BIGINT, bidders BIGINT) WITH ('connector' = 'blackhole');
INSERT INTO o SELECT n, COUNT(*), COUNT(DISTINCT bidder) FROM (
  SELECT bidder, window_start, COUNT(*) AS n FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '10' SECOND)) GROUP BY bidder, window_start, window_end) GROUP BY n;
