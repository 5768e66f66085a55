/** millrace/testing: what millrace tests itself with. */
export { ManualClock } from './base/clock.js';
export { Prng } from './base/prng.js';
export * from './contract/harness.js';
export { type SimulateOptions, simulateGraph } from './job/simulate.js';
