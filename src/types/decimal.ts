/** Unscaled decimals as BigInt: 12.30 as DECIMAL(10, 2) is 1230n. */

/** 1230n at scale 2 -> '12.30', as Flink prints it. */
export function formatDecimal(unscaled: bigint, scale: number): string {
  const negative = unscaled < 0n;
  const digits = (negative ? -unscaled : unscaled).toString().padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  return `${negative ? '-' : ''}${whole}${scale === 0 ? '' : `.${digits.slice(digits.length - scale)}`}`;
}

/** '12.3', '-1e2' -> unscaled at `scale`, rounded HALF_UP as Flink does; undefined when the text is no number or does not fit DECIMAL(precision, scale). */
export function parseDecimal(text: string, precision: number, scale: number): bigint | undefined {
  const m = /^\s*([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?\s*$/.exec(text);
  if (m === null) return undefined;
  const fraction = m[3] ?? '';
  if (m[2] === '' && fraction === '') return undefined;
  const shift = Number(m[4] ?? 0) - fraction.length + scale;
  const digits = BigInt(m[2] + fraction);
  let unscaled: bigint;
  if (shift >= 0) {
    if (digits !== 0n && shift > precision) return undefined;
    unscaled = digits * 10n ** BigInt(digits === 0n ? 0 : shift);
  } else {
    const divisor = 10n ** BigInt(-shift);
    unscaled = digits / divisor;
    if ((digits % divisor) * 2n >= divisor) unscaled += 1n;
  }
  if (unscaled >= 10n ** BigInt(precision)) return undefined;
  return m[1] === '-' ? -unscaled : unscaled;
}
