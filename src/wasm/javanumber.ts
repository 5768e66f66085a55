/** Double.toString: decimal notation from 10^-3 up to 10^7, else d.dddE±n; shortest digits that read back. */
export function javaDouble(v: number): string {
  return special(v) ?? layout(v, Math.abs(v).toExponential());
}

/** Float.toString of a value that is exactly a float. */
export function javaFloat(v: number): string {
  const s = special(v);
  if (s !== undefined) return s;
  const a = Math.abs(v);
  for (let digits = 0; digits < 9; digits++) {
    const text = a.toExponential(digits);
    if (Math.fround(Number(text)) === a) return layout(v, text);
  }
  return layout(v, a.toExponential());
}

function special(v: number): string | undefined {
  if (Number.isNaN(v)) return 'NaN';
  if (!Number.isFinite(v)) return v < 0 ? '-Infinity' : 'Infinity';
  return v === 0 ? (Object.is(v, -0) ? '-0.0' : '0.0') : undefined;
}

function layout(v: number, exponential: string): string {
  const [mantissa, power] = exponential.split('e');
  const digits = mantissa.replace('.', '');
  const exponent = Number(power);
  const sign = v < 0 ? '-' : '';
  if (exponent >= 7 || exponent < -3) return `${sign}${digits[0]}.${digits.slice(1) || '0'}E${exponent}`;
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  return `${sign}${whole}.${digits.slice(exponent + 1) || '0'}`;
}
