-- Fills the topic that the Kafka races read: the events of the file, one after another, so that each partition holds them in order.
SET 'parallelism.default' = '1';
CREATE TABLE events (user_id STRING, page_id STRING, ad_id STRING, ad_type STRING, event_type STRING, event_time BIGINT, ip_address STRING)
WITH ('connector' = 'filesystem', 'path' = '${INPUT}', 'format' = 'json');
CREATE TABLE topic (user_id STRING, page_id STRING, ad_id STRING, ad_type STRING, event_type STRING, event_time BIGINT, ip_address STRING)
WITH (${SINK});
INSERT INTO topic SELECT * FROM events;
