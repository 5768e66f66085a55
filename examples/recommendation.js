// What users look at, summed per item every 10 s, and turned into one line of recommendations per user.
//   npx millrace run examples/recommendation.js                                  Kafka: topic `visits` -> topic `recommendation`
//   INPUT=visits.csv OUTPUT=out npx millrace run examples/recommendation.js      a file of lines userId,itemId,time -> a folder
//   npx millrace run examples/recommendation.js --set 'parallelism.default=2'    two workers
import { schema, TumblingEventTimeWindows, WatermarkStrategy } from 'millrace';

const { INPUT, OUTPUT, KAFKA_BROKERS = 'localhost:9092', INPUT_TOPIC = 'visits', OUTPUT_TOPIC = 'recommendation', BOUNDED } = process.env;

const kafka = { connector: 'kafka', 'properties.bootstrap.servers': KAFKA_BROKERS };
const input = INPUT
  ? { connector: 'filesystem', path: INPUT }
  : { ...kafka, topic: INPUT_TOPIC, 'scan.startup.mode': 'earliest-offset', ...(BOUNDED ? { 'scan.bounded.mode': 'latest-offset' } : {}) };
const output = OUTPUT ? { connector: 'filesystem', path: OUTPUT } : { ...kafka, topic: OUTPUT_TOPIC };

const visit = schema({ userId: 'STRING', itemId: 'STRING', time: 'BIGINT' });
const recommendation = schema({ userId: 'STRING', items: 'STRING', windowEnd: 'TIMESTAMP(3)' });

export default function (env) {
  env
    .fromConnector({ ...input, format: 'csv', schema: visit })
    .map((v) => ({ userId: v.userId, itemId: v.itemId, timeMs: Number(v.time), interest: 1 }))
    .name('parse')
    .assignTimestampsAndWatermarks(WatermarkStrategy.forBoundedOutOfOrderness('1 s').withTimestampAssigner((v) => v.timeMs))
    .keyBy('userId')
    .window(TumblingEventTimeWindows.of('10 s'))
    .process((userId, ctx, visits, out) => {
      const interest = new Map();
      for (const v of visits) interest.set(v.itemId, (interest.get(v.itemId) ?? 0) + v.interest);
      out.collect({ userId, interest, windowEnd: ctx.window.end });
    })
    .name('interest per item')
    .uid('interest')
    .map(({ userId, interest, windowEnd }) => ({ userId, items: ranked(interest), windowEnd }))
    .returns(recommendation)
    .sinkTo({ ...output, format: 'json' });
}

/** 'item:3 other:1', the strongest interest first. */
function ranked(interest) {
  return [...interest]
    .sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))
    .map(([item, n]) => `${item}:${n}`)
    .join(' ');
}
