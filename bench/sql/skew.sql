-- Orders, their sum and the largest per user and 10 s of event time, counted and thrown away.
SET 'parallelism.default' = '${PARALLELISM}';
SET 'table.optimizer.agg-phase-strategy' = '${PHASES}';
CREATE TABLE orders (
  user_id BIGINT, amount BIGINT, event_time BIGINT,
  ts AS TO_TIMESTAMP_LTZ(event_time, 3),
  WATERMARK FOR ts AS ts - INTERVAL '2' SECOND
) WITH ('connector' = 'filesystem', 'path' = '${INPUT}', 'format' = 'json');
CREATE TABLE totals_per_user (user_id BIGINT, window_start TIMESTAMP(3), orders BIGINT, total BIGINT, largest BIGINT) WITH ('connector' = 'blackhole');
INSERT INTO totals_per_user
SELECT user_id, window_start, COUNT(*), SUM(amount), MAX(amount)
FROM TABLE(TUMBLE(TABLE orders, DESCRIPTOR(ts), INTERVAL '10' SECOND))
GROUP BY user_id, window_start, window_end;
