/** millrace/testing: what millrace tests itself with. */
export { ManualClock } from './base/clock.js';
export { Prng } from './base/prng.js';
export * from './contract/harness.js';
export { type SimulatedRun, type SimulateOptions, simulateGraph, simulateWithSnapshots } from './job/simulate.js';
export type { JobSnapshot } from './task/snapshot.js';
