import type { WindowAggregateConfig } from '../contract/nodes.js';
import type { OperatorContext } from '../contract/operator.js';
import type { WindowGroups } from './groups.js';

/** A bigint watermark as a number: exact within 2^53 ms, else infinite. */
export function watermarkMs(watermark: bigint): number {
  if (watermark > 9007199254740991n) return Number.POSITIVE_INFINITY;
  if (watermark < -9007199254740991n) return Number.NEGATIVE_INFINITY;
  return Number(watermark);
}

/** Writes the window columns after keys and calls, for `n` rows of one window [start, end). */
export function writeWindowColumns(config: WindowAggregateConfig, ctx: OperatorContext, groups: WindowGroups, n: number, start: number, end: number): void {
  config.windowOutputs.forEach((what, i) => {
    const column = groups.keyCount + groups.callCount + i;
    if (what === 'start') groups.fillTime(column, n, start);
    else if (what === 'end') groups.fillTime(column, n, end);
    else if (what === 'rowtime') groups.fillTime(column, n, end - 1);
    else groups.fillTime(column, n, ctx.clock.nowMs());
  });
}
