CREATE TABLE o (channel STRING, n BIGINT, total BIGINT, lo BIGINT, hi BIGINT, av BIGINT, bidders BIGINT, big BIGINT, first_url STRING, last_url STRING) WITH ('connector' = 'blackhole');
INSERT INTO o SELECT channel, COUNT(*), SUM(price), MIN(price), MAX(price), AVG(price), COUNT(DISTINCT bidder), COUNT(*) FILTER (WHERE price > 100000), MIN(url), MAX(url)
FROM bid WHERE MOD(auction, 20) = 3 GROUP BY channel;
