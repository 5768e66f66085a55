// Views per ad and 10 s as a DataStream program whose filter and map are functions in JS. BENCH_INPUT is a file, BENCH_OUTPUT a folder, both as URLs.
import { count, schema, TumblingEventTimeWindows, WatermarkStrategy } from 'millrace';

const EVENT = schema({
  user_id: 'STRING',
  page_id: 'STRING',
  ad_id: 'STRING',
  ad_type: 'STRING',
  event_type: 'STRING',
  event_time: 'BIGINT',
  ip_address: 'STRING',
});

export default function (env) {
  env
    .fromConnector({ connector: 'filesystem', path: process.env.BENCH_INPUT, format: 'json', schema: EVENT })
    .filter((e) => e.event_type === 'view')
    .map((e) => ({ ad_id: e.ad_id, ts: Number(e.event_time) }))
    .returns(schema({ ad_id: 'STRING', ts: 'TIMESTAMP(3)' }))
    .assignTimestampsAndWatermarks(WatermarkStrategy.forBoundedOutOfOrderness('2 s').withTimestampAssigner('ts'))
    .keyBy('ad_id')
    .window(TumblingEventTimeWindows.of('10 s'))
    .aggregate(count().as('view_count'))
    .select('ad_id', 'window_start', 'view_count')
    .sinkTo({ connector: 'filesystem', path: process.env.BENCH_OUTPUT, format: 'json' });
}
