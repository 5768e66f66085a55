/** What one run is asked to do: passed as JSON in the environment, because every worker builds the graph again. */
export interface LatencyRun {
  /** records/s */
  readonly rate: number;
  readonly durationMs: number;
  readonly warmupMs: number;
  readonly keys: number;
  /** exchange: partitioned by key, in wasm alone; state: then a count per key, by a function in JS */
  readonly work: 'exchange' | 'state';
  /** the sink's figures go to <path>-<subtask>.json */
  readonly path: string;
}

export const RUN_VARIABLE = 'MILLRACE_BENCH_LATENCY';

/** The sink adds up latencies by so much of the schedule, ms. */
export const INTERVAL_MS = 100;
