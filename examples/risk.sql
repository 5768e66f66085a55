-- Users who claim more than five coupons in a minute. Needs Kafka on localhost:9092 with the topics user_behavior and risk_alerts.
--   npx millrace run examples/risk.sql
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

CREATE VIEW suspicious_coupon_claims AS
SELECT user_id, COUNT(*) AS claim_count, TUMBLE_START(event_time, INTERVAL '1' MINUTE) AS window_start
FROM user_events
WHERE event_type = 'coupon_claim'
GROUP BY user_id, TUMBLE(event_time, INTERVAL '1' MINUTE)
HAVING COUNT(*) > 5;

CREATE TABLE risk_alerts (user_id STRING, alert_type STRING, alert_time TIMESTAMP(3)) WITH (
  'connector' = 'kafka',
  'topic' = 'risk_alerts',
  'properties.bootstrap.servers' = 'localhost:9092',
  'format' = 'json'
);

INSERT INTO risk_alerts
SELECT user_id, 'COUPON_ABUSE', CURRENT_TIMESTAMP
FROM suspicious_coupon_claims;
