CREATE TABLE src (id INT, s STRING, d DECIMAL(10,2), b BOOLEAN, dt DATE, tm TIME(0), ts TIMESTAMP(3), tl TIMESTAMP_LTZ(3), f FLOAT, g DOUBLE, ti TINYINT, si SMALLINT, ch CHAR(5)) WITH ('connector'='filesystem','path'='${IN}/c1.csv','format'='csv','csv.ignore-parse-errors'='true');
CREATE TABLE o1 (id INT, s STRING, d DECIMAL(10,2), b BOOLEAN, dt DATE, tm TIME(0), ts TIMESTAMP(3), tl TIMESTAMP_LTZ(3), f FLOAT, g DOUBLE, ti TINYINT, si SMALLINT, ch CHAR(5)) WITH ('connector'='filesystem','path'='${OUT}/o1','format'='csv');
INSERT INTO o1 SELECT * FROM src;
CREATE TABLE o2 (id INT, s STRING, d DECIMAL(10,2), b BOOLEAN, dt DATE, tm TIME(0), ts TIMESTAMP(3), tl TIMESTAMP_LTZ(3), f FLOAT, g DOUBLE, ti TINYINT, si SMALLINT, ch CHAR(5)) WITH ('connector'='filesystem','path'='${OUT}/o2','format'='json');
INSERT INTO o2 SELECT * FROM src;
CREATE TABLE o3 (id INT, s STRING, d DECIMAL(10,2), b BOOLEAN, dt DATE, tm TIME(0), ts TIMESTAMP(3), tl TIMESTAMP_LTZ(3), f FLOAT, g DOUBLE, ti TINYINT, si SMALLINT, ch CHAR(5)) WITH ('connector'='filesystem','path'='${OUT}/o3','format'='csv','csv.field-delimiter'=';','csv.quote-character'='''','csv.null-literal'='\N','csv.escape-character'='\');
INSERT INTO o3 SELECT * FROM src;
CREATE TABLE o4 (id INT, s STRING, d DECIMAL(10,2)) WITH ('connector'='filesystem','path'='${OUT}/o4','format'='csv','csv.disable-quote-character'='true','csv.write-bigdecimal-in-scientific-notation'='false');
INSERT INTO o4 SELECT id, s, d FROM src;
