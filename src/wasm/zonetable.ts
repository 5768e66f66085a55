/**
 * A time zone as the kernels search it: segment i holds from startMs[i] (UTC, ascending; the first is before all times) with
 * offsetMs[i] to add to UTC. src/time/zone.ts makes it.
 */
export interface ZoneTable {
  readonly startMs: readonly number[];
  readonly offsetMs: readonly number[];
}
