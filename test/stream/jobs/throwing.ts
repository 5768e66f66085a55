import type { StreamExecutionEnvironment } from '#src/index.js';

export default function build(env: StreamExecutionEnvironment): void {
  env
    .fromElements(1, 2, 3)
    .map((x) => {
      if (x === 2) throw new Error('no twos');
      return x;
    })
    .print();
}
