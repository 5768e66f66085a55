-- The same alarm with window table functions: a tumbling minute, five minutes every minute, and bursts that a pause of 30 seconds ends.
-- Three INSERTs, one job, one reading of the topic. Needs Kafka on localhost:9092 with the topics user_behavior and risk_alerts.
--   npx millrace run examples/risk-tvf.sql
CREATE TABLE user_events (
  user_id STRING,
  event_type STRING,
  amount DECIMAL(10, 2),
  event_time TIMESTAMP(3),
  WATERMARK FOR event_time AS event_time - INTERVAL '5' SECOND
) WITH (
  'connector' = 'kafka',
  'topic' = 'user_behavior',
  'properties.bootstrap.servers' = 'localhost:9092',
  'properties.group.id' = 'risk',
  'scan.startup.mode' = 'earliest-offset',
  'format' = 'json'
);

CREATE TABLE risk_alerts (user_id STRING, alert_type STRING, window_start TIMESTAMP(3), window_end TIMESTAMP(3), claims BIGINT, total DECIMAL(38, 2)) WITH (
  'connector' = 'kafka',
  'topic' = 'risk_alerts',
  'properties.bootstrap.servers' = 'localhost:9092',
  'format' = 'json'
);

CREATE VIEW coupon_claims AS
SELECT user_id, amount, event_time FROM user_events WHERE event_type = 'coupon_claim';

EXECUTE STATEMENT SET BEGIN

INSERT INTO risk_alerts
SELECT user_id, 'TUMBLE', window_start, window_end, COUNT(*), SUM(amount)
FROM TABLE(TUMBLE(TABLE coupon_claims, DESCRIPTOR(event_time), INTERVAL '1' MINUTE))
GROUP BY user_id, window_start, window_end
HAVING COUNT(*) > 5;

INSERT INTO risk_alerts
SELECT user_id, 'HOP', window_start, window_end, COUNT(*), SUM(amount)
FROM TABLE(HOP(TABLE coupon_claims, DESCRIPTOR(event_time), INTERVAL '1' MINUTE, INTERVAL '5' MINUTE))
GROUP BY user_id, window_start, window_end
HAVING COUNT(*) > 10;

INSERT INTO risk_alerts
SELECT user_id, 'SESSION', window_start, window_end, COUNT(*), SUM(amount)
FROM TABLE(SESSION(TABLE coupon_claims PARTITION BY user_id, DESCRIPTOR(event_time), INTERVAL '30' SECOND))
GROUP BY user_id, window_start, window_end
HAVING COUNT(*) > 8;

END;
