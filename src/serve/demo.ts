import { systemClock } from '../base/clock.js';
import { StatusLine } from './status-line.js';
import { runScript } from './run.js';

/** The main job on generated events: the same SQL as with Kafka, another connector. */
const SCRIPT = (rows: string, parallelism: string): string => `
SET 'parallelism.default' = '${parallelism}';
SET 'pipeline.name' = 'coupon abuse';
SET 'table.local-time-zone' = 'UTC';
CREATE TABLE user_events (user_id STRING, event_type STRING, amount DECIMAL(10,2), event_time TIMESTAMP(3),
  WATERMARK FOR event_time AS event_time - INTERVAL '5' SECOND)
WITH ('connector' = 'demo', 'number-of-rows' = '${rows}', 'format' = 'json');
CREATE VIEW suspicious_coupon_claims AS
SELECT user_id, COUNT(*) AS claim_count, TUMBLE_START(event_time, INTERVAL '1' MINUTE) AS window_start
FROM user_events WHERE event_type = 'coupon_claim'
GROUP BY user_id, TUMBLE(event_time, INTERVAL '1' MINUTE) HAVING COUNT(*) > 5;
CREATE TABLE risk_alerts (user_id STRING, alert_type STRING, claims BIGINT, window_start TIMESTAMP(3), alert_time TIMESTAMP(3))
WITH ('connector' = 'print', 'print-identifier' = 'alert');
INSERT INTO risk_alerts SELECT user_id, 'COUPON_ABUSE', claim_count, window_start, CURRENT_TIMESTAMP FROM suspicious_coupon_claims;
`;

/** Runs the demo; resolves with the exit code. */
export async function runDemo(options: { rows: string; parallelism: string }): Promise<number> {
  const line = new StatusLine(process.stdout);
  line.print(`Ten minutes of user events, ${Number(options.rows).toLocaleString('en')} of them as JSON, through WebAssembly workers.\n`);
  line.print('Who claims more than five coupons in a minute?\n\n');
  return runScript(SCRIPT(options.rows, options.parallelism), { line, clock: systemClock, outputs: 'alerts', summary: true });
}
