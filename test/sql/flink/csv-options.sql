CREATE TABLE src (id INT, a STRING, b STRING, c STRING) WITH ('connector'='filesystem','path'='${IN}/c2.csv','format'='csv','csv.field-delimiter'=';','csv.quote-character'='''','csv.null-literal'='NULL','csv.escape-character'='\','csv.allow-comments'='true','csv.ignore-parse-errors'='true');
CREATE TABLE o1 (id INT, a STRING, b STRING, c STRING) WITH ('connector'='filesystem','path'='${OUT}/o1','format'='json');
INSERT INTO o1 SELECT * FROM src;
CREATE TABLE o2 (a STRING, c STRING) WITH ('connector'='filesystem','path'='${OUT}/o2','format'='csv');
INSERT INTO o2 SELECT a, c FROM src;
CREATE TABLE src2 (id INT, a STRING, b STRING, c STRING) WITH ('connector'='filesystem','path'='${IN}/c2.csv','format'='csv','csv.field-delimiter'=';','csv.disable-quote-character'='true','csv.ignore-parse-errors'='true');
CREATE TABLE o3 (id INT, a STRING, b STRING, c STRING) WITH ('connector'='filesystem','path'='${OUT}/o3','format'='json');
INSERT INTO o3 SELECT * FROM src2;
CREATE TABLE src3 (id INT, a STRING, b STRING, c STRING) WITH ('connector'='filesystem','path'='${IN}/c2.csv','format'='csv','csv.field-delimiter'=';');
