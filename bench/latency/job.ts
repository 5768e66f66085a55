import { registerConnector, type StreamExecutionEnvironment, schema } from '#src/index.js';
import { type LatencyRun, RUN_VARIABLE } from './plan.js';

export default function latencyJob(env: StreamExecutionEnvironment): void {
  const run = JSON.parse(process.env[RUN_VARIABLE] ?? '') as LatencyRun;
  registerConnector('latency', new URL('./connector.js', import.meta.url).href);
  const records = env.fromConnector({
    connector: 'latency',
    schema: schema({ key: 'INT NOT NULL', created: 'DOUBLE NOT NULL' }),
    rate: run.rate,
    'duration-ms': run.durationMs,
    keys: run.keys,
  });
  const sink = { connector: 'latency', path: run.path, 'warmup-ms': run.warmupMs };
  const keyed = records.keyBy('key');
  if (run.work === 'exchange') {
    keyed.sinkTo(sink);
    return;
  }
  keyed
    .process<{ key: number; created: number; count: number }>((r, ctx, out) => {
      const count = ctx.valueState('count', 0);
      const n = (count.value() ?? 0) + 1;
      count.update(n);
      out.collect({ key: r.key, created: r.created, count: n });
    })
    .returns(schema({ key: 'INT NOT NULL', created: 'DOUBLE NOT NULL', count: 'INT NOT NULL' }))
    .sinkTo(sink);
}
