import type { StreamExecutionEnvironment } from '#src/index.js';

export default async function build(env: StreamExecutionEnvironment): Promise<void> {
  env.fromElements(1).print();
  await env.execute();
}
