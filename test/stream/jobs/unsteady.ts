import { isMainThread } from 'node:worker_threads';
import type { StreamExecutionEnvironment } from '#src/index.js';

/** Builds another graph in a worker than on the host. */
export default function build(env: StreamExecutionEnvironment): void {
  const numbers = env.fromElements(1, 2).map((x) => x);
  (isMainThread ? numbers : numbers.filter(() => true)).print();
}
