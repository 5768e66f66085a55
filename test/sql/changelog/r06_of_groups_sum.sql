CREATE TABLE o (cnt BIGINT, bidders BIGINT, total BIGINT, av BIGINT, de DECIMAL(38, 2), evens BIGINT) WITH ('connector' = 'blackhole');
INSERT INTO o SELECT cnt, COUNT(*), SUM(total), AVG(total), SUM(d), COUNT(total) FILTER (WHERE MOD(bidder, 2) = 0) FROM (
  SELECT bidder, COUNT(*) AS cnt, SUM(NULLIF(price, 1)) AS total, SUM(CAST(price AS DECIMAL(12, 2))) AS d FROM bid WHERE MOD(bidder, 3) = 0 GROUP BY bidder) GROUP BY cnt;
