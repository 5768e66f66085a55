import type { CalcConfig, WatermarkConfig } from '../contract/nodes.js';
import type { OperatorEmitter } from '../contract/operator.js';
import { zoneTableFor } from '../time/zone.js';
import { emitCalc } from '../wasm/emitcalc.js';
import { emitWatermark } from '../wasm/emitwatermark.js';

/** kind 'calc' */
export const calc: OperatorEmitter<CalcConfig> = (config, inputs) =>
  emitCalc(config, inputs[0], zoneTableFor(config.timeZone, config.filter === undefined ? config.project : [config.filter, ...config.project]));

/** kind 'watermark', and a source's own watermarks: the module a WatermarkAssigner runs. */
export const watermark: OperatorEmitter<WatermarkConfig> = (config, inputs) =>
  emitWatermark(config, inputs[0], zoneTableFor(config.timeZone, [config.rowtime, config.watermark]));

/** By node kind: those whose rows pass emitted code. */
export const emitters: Readonly<Record<string, OperatorEmitter<never>>> = { calc, watermark };
