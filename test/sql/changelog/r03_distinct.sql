CREATE TABLE o (channel STRING, late BOOLEAN) WITH ('connector' = 'blackhole');
INSERT INTO o SELECT DISTINCT channel, price > 1000000 FROM bid UNION SELECT city, TRUE FROM person;
