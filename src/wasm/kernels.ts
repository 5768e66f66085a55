import type { Signature } from './encoder.js';

/**
 * The kernels that emitted code calls, with their signatures. A string is (pointer, length in bytes); a string result is one i64,
 * length << 32 | pointer. A status result of 0 means that there is no value (NULL); the value lies at the scratch pointer passed last.
 */
export const KERNEL_SIGNATURES = {
  arenaAlloc: 'ii:i',
  arenaReset: 'i:',
  copyBytes: 'iii:i',
  strEq: 'iiii:i',
  strCompare: 'iiii:i',
  strIndexOf: 'iiii:i',
  strStartsWith: 'iiii:i',
  strEndsWith: 'iiii:i',
  strLike: 'iiiii:i',
  strChars: 'ii:i',
  strSubstring: 'iiii:l',
  strAsciiUpper: 'iii:l',
  strAsciiLower: 'iii:l',
  strTrim: 'iiiii:l',
  strPosition: 'iiii:i',
  strReplace: 'iiiiiii:l',
  strSplitIndex: 'iiiii:l',
  strTruncate: 'iii:l',
  strPad: 'iiii:l',
  i64ToStr: 'il:l',
  boolToStr: 'ii:l',
  decToStr: 'illi:l',
  strToI64: 'iilli:i',
  strToBool: 'iii:i',
  strToDate: 'iii:i',
  strToTime: 'iii:i',
  strToTimestamp: 'iiiii:i',
  dateToStr: 'ii:l',
  timeToStr: 'iii:l',
  timestampToStr: 'ilii:l',
  castError: 'ii:',
  divisionByZero: ':',
  outOfRange: ':',
  floorDiv: 'll:l',
  floorMod: 'll:l',
  extractDate: 'ii:l',
  addMonths: 'ii:i',
  floorDate: 'iii:i',
  formatTimestamp: 'iliii:l',
  zoneOffset: 'il:l',
  zoneOffsetLocal: 'il:l',
  decRescale: 'li:l',
  roundInt: 'li:l',
} as const satisfies Readonly<Record<string, Signature>>;

export type KernelName = keyof typeof KERNEL_SIGNATURES;

/** Functions of the host that emitted code may import, for what is rare or needs JavaScript's libraries (hostFunctions gives them). */
export const HOST_SIGNATURES = {
  upper: 'iii:l',
  lower: 'iii:l',
  doubleToStr: 'id:l',
  floatToStr: 'if:l',
  strToDouble: 'iii:i',
  regexpExtract: 'iiiiii:l',
  decimalOp: 'illilliiii:i',
  decimalRound: 'illiiiii:i',
  decimalToDouble: 'lli:d',
  decimalToLong: 'lli:l',
  doubleToDecimal: 'diii:i',
  strToDecimal: 'iiiii:i',
  parseTimestamp: 'iiiii:i',
  pow: 'dd:d',
  exp: 'd:d',
  ln: 'd:d',
  log10: 'd:d',
  roundDouble: 'di:d',
  fmod: 'dd:d',
} as const satisfies Readonly<Record<string, Signature>>;

export type HostName = keyof typeof HOST_SIGNATURES;
