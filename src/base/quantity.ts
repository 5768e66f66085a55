/** Flink's textual durations and sizes ('5 s', '100 ms', '64 kb'): Flink's TimeUtils and MemorySize accept the same labels. */
const TIME_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  d: 86400000,
  day: 86400000,
  days: 86400000,
  h: 3600000,
  hour: 3600000,
  hours: 3600000,
  m: 60000,
  min: 60000,
  minute: 60000,
  minutes: 60000,
  s: 1000,
  sec: 1000,
  secs: 1000,
  second: 1000,
  seconds: 1000,
  ms: 1,
  milli: 1,
  millis: 1,
  millisecond: 1,
  milliseconds: 1,
  µs: 0.001,
  micro: 0.001,
  micros: 0.001,
  microsecond: 0.001,
  microseconds: 0.001,
  ns: 1e-6,
  nano: 1e-6,
  nanos: 1e-6,
  nanosecond: 1e-6,
  nanoseconds: 1e-6,
};
const SIZE_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  bytes: 1,
  k: 2 ** 10,
  kb: 2 ** 10,
  kibibytes: 2 ** 10,
  m: 2 ** 20,
  mb: 2 ** 20,
  mebibytes: 2 ** 20,
  g: 2 ** 30,
  gb: 2 ** 30,
  gibibytes: 2 ** 30,
  t: 2 ** 40,
  tb: 2 ** 40,
  tebibytes: 2 ** 40,
};

function parse(text: string, units: Readonly<Record<string, number>>): number {
  const m = /^(\d+)\s*([a-zµ]*)$/i.exec(text.trim());
  const unit = m === null ? undefined : units[m[2].toLowerCase()];
  if (m === null || unit === undefined)
    throw new RangeError(
      `'${text}' is not a number with a unit of ${Object.keys(units)
        .filter((u) => u !== '')
        .join(', ')}`,
    );
  return Number(m[1]) * unit;
}

/** '5 s' -> 5000. A bare number is milliseconds. */
export function parseDurationMs(text: string): number {
  return parse(text, TIME_UNITS);
}

/** '64 kb' -> 65536. A bare number is bytes. */
export function parseMemoryBytes(text: string): number {
  return parse(text, SIZE_UNITS);
}
