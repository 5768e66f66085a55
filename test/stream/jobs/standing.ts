import { schema, type StreamExecutionEnvironment } from '#src/index.js';

/** Gets stuck as the option 'pipeline.name' says. */
export default function build(env: StreamExecutionEnvironment): void {
  const ids = env.fromConnector({ connector: 'datagen', 'rows-per-second': '1000', schema: schema({ id: 'INT' }) });
  const how = env.build().graph.options['pipeline.name'];
  const forever = (): never => {
    for (;;);
  };
  const never = new Promise<number>(() => {});
  const ways: Record<string, () => unknown> = {
    loop: forever,
    promise: () => never,
    callback: async () => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      forever();
    },
    wait: () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0),
    process: () => never,
  };
  if (how === 'process')
    ids
      .process({ processElement: () => never as Promise<never> })
      .name('stuck')
      .print();
  else
    ids
      .map((r) => r.id)
      .map(ways[how] as () => number)
      .name('stuck')
      .print();
}
