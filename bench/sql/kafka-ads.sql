-- Views per ad and 10 s of event time, from a topic or into one: runs unchanged on Flink.
SET 'parallelism.default' = '${PARALLELISM}';
SET 'table.local-time-zone' = 'UTC';
CREATE TABLE ad_events (
  user_id STRING, page_id STRING, ad_id STRING, ad_type STRING, event_type STRING, event_time BIGINT, ip_address STRING,
  ts AS TO_TIMESTAMP_LTZ(event_time, 3),
  WATERMARK FOR ts AS ts - INTERVAL '2' SECOND
) WITH (${SOURCE});
CREATE TABLE views_per_ad (ad_id STRING, window_start TIMESTAMP(3), view_count BIGINT)
WITH (${SINK});
INSERT INTO views_per_ad
SELECT ad_id, window_start, COUNT(*)
FROM TABLE(TUMBLE(TABLE ad_events, DESCRIPTOR(ts), INTERVAL '10' SECOND))
WHERE event_type = 'view'
GROUP BY ad_id, window_start, window_end;
