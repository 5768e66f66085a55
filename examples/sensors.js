// Health of machines: a score per reading, its average over 5 minutes every minute, and an alert when it falls by 30 % or more
// while a machine keeps reporting (a session that ends with a gap of 2 minutes).
//   INPUT=readings.jsonl npx millrace run examples/sensors.js                    alerts on the terminal
//   npx millrace run examples/sensors.js                                         Kafka: topic `readings` -> topic `alerts`
import { EventTimeSessionWindows, SlidingEventTimeWindows, schema, WatermarkStrategy } from 'millrace';

const { INPUT, OUTPUT, KAFKA_BROKERS = 'localhost:9092' } = process.env;

const kafka = { connector: 'kafka', 'properties.bootstrap.servers': KAFKA_BROKERS };
const input = INPUT ? { connector: 'filesystem', path: INPUT } : { ...kafka, topic: 'readings', 'scan.startup.mode': 'earliest-offset' };

const reading = schema({ deviceId: 'STRING', temperature: 'DOUBLE', vibration: 'DOUBLE', at: 'TIMESTAMP(3)' });
const alert = schema({ deviceId: 'STRING', fromScore: 'DOUBLE', toScore: 'DOUBLE', decline: 'DOUBLE', windowEnd: 'TIMESTAMP(3)' });

/** 0 (broken) to 100 (well). */
export function healthScore({ temperature, vibration }) {
  if (temperature > 85) return 30;
  if (temperature > 70 || vibration > 7) return 60;
  return vibration > 4 ? 80 : 100;
}

export default function (env) {
  const scores = env
    .fromConnector({ ...input, format: 'json', schema: reading }, WatermarkStrategy.forBoundedOutOfOrderness('5 s').withTimestampAssigner('at'))
    .map((r) => ({ deviceId: r.deviceId, score: healthScore(r) }))
    .name('health score');

  const averages = scores
    .keyBy('deviceId')
    .window(SlidingEventTimeWindows.of('5 min', '1 min'))
    .process((deviceId, ctx, readings, out) => {
      const sum = readings.reduce((n, r) => n + r.score, 0);
      out.collect({ deviceId, score: sum / readings.length, end: ctx.window.end });
    })
    .name('average of 5 min');

  const alerts = averages
    .keyBy('deviceId')
    .window(EventTimeSessionWindows.withGap('2 min'))
    .process((deviceId, ctx, session, out) => {
      const [first, ...rest] = session.toSorted((a, b) => a.end - b.end);
      const lowest = rest.reduce((low, a) => (a.score < low.score ? a : low), first);
      const decline = 1 - lowest.score / first.score;
      if (decline >= 0.3) out.collect({ deviceId, fromScore: first.score, toScore: lowest.score, decline, windowEnd: ctx.window.end });
    })
    .name('30 % decline')
    .returns(alert);

  if (OUTPUT) alerts.sinkTo({ connector: 'filesystem', path: OUTPUT, format: 'json' });
  else if (INPUT) alerts.print();
  else alerts.sinkTo({ ...kafka, topic: 'alerts', format: 'json' });
}
