-- A bounded job of a few rows: what is measured is everything around it.
CREATE TABLE readings (id STRING, temperature DOUBLE, measured_at TIMESTAMP(3), WATERMARK FOR measured_at AS measured_at - INTERVAL '1' SECOND)
WITH ('connector' = 'filesystem', 'path' = '${INPUT}', 'format' = 'json');
CREATE TABLE hottest (id STRING, window_start TIMESTAMP(3), temperature DOUBLE)
WITH ('connector' = 'filesystem', 'path' = '${OUTPUT}', 'format' = 'json');
INSERT INTO hottest
SELECT id, window_start, MAX(temperature)
FROM TABLE(TUMBLE(TABLE readings, DESCRIPTOR(measured_at), INTERVAL '10' SECOND))
GROUP BY id, window_start, window_end;
