-- Revenue per category and minute, from a file to the terminal: no server needed.
--   npx millrace run examples/orders.sql
CREATE TABLE orders (
  order_id BIGINT,
  category STRING,
  price DECIMAL(10, 2),
  quantity INT,
  ordered_at TIMESTAMP(3),
  revenue AS price * quantity,
  WATERMARK FOR ordered_at AS ordered_at - INTERVAL '5' SECOND
) WITH ('connector' = 'filesystem', 'path' = 'examples/data/orders.jsonl', 'format' = 'json');

CREATE TABLE revenue_per_minute (category STRING, window_start TIMESTAMP(3), orders BIGINT, revenue DECIMAL(38, 2))
WITH ('connector' = 'print');

INSERT INTO revenue_per_minute
SELECT category, window_start, COUNT(*), SUM(revenue)
FROM TABLE(TUMBLE(TABLE orders, DESCRIPTOR(ordered_at), INTERVAL '1' MINUTE))
GROUP BY category, window_start, window_end;
