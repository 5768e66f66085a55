CREATE TABLE src (id INT, s STRING, r ROW<a INT, b STRING, t TIMESTAMP(3)>, d DECIMAL(10,2), b BOOLEAN, f DOUBLE, ts TIMESTAMP(3), tl TIMESTAMP_LTZ(3), dt DATE, tm TIME(0)) WITH ('connector'='filesystem','path'='${IN}/j1.jsonl','format'='json','json.ignore-parse-errors'='true');
CREATE TABLE src2 (id BIGINT, s STRING, ts TIMESTAMP(3), tl TIMESTAMP_LTZ(3)) WITH ('connector'='filesystem','path'='${IN}/j1.jsonl','format'='json','json.ignore-parse-errors'='true','json.timestamp-format.standard'='ISO-8601');
CREATE TABLE o4 (id BIGINT, d DECIMAL(10,2), f DOUBLE) WITH ('connector'='filesystem','path'='${OUT}/o4','format'='json','json.encode.decimal-as-plain-number'='true','json.encode.ignore-null-fields'='true');
INSERT INTO o4 SELECT id, d, f FROM src;
