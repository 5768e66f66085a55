CREATE TABLE o (bidder BIGINT, n BIGINT, hi BIGINT) WITH ('connector' = 'blackhole');
INSERT INTO o SELECT bidder, COUNT(*), MAX(price) FROM bid WHERE MOD(auction, 5) = 3 GROUP BY bidder HAVING COUNT(*) > 3 AND MAX(price) < 50000000;
