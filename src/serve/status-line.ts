/**
 * One line that is redrawn below everything that scrolls. On anything but a terminal it draws nothing.
 */
export class StatusLine {
  readonly #out: NodeJS.WriteStream;
  readonly #live: boolean;
  #text = '';

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
    this.#live = out.isTTY === true && process.env.TERM !== 'dumb' && process.env.CI === undefined;
  }

  get live(): boolean {
    return this.#live;
  }

  /** Text that stays, above the line. */
  print(text: string): void {
    if (!this.#live || this.#text === '') {
      this.#out.write(text);
      return;
    }
    this.#out.write(`\r\x1b[2K${text}${text.endsWith('\n') ? '' : '\n'}${this.#text}`);
  }
  draw(text: string): void {
    if (!this.#live) return;
    const width = Math.max(20, (this.#out.columns ?? 80) - 1);
    this.#text = text.length > width ? text.slice(0, width) : text;
    this.#out.write(`\r\x1b[2K${this.#text}`);
  }
  clear(): void {
    if (this.#live && this.#text !== '') this.#out.write('\r\x1b[2K');
    this.#text = '';
  }
}

/** 1234567 -> '1.23 M' */
export function short(n: number): string {
  if (n >= 1e9) return `${(n / 1e9).toFixed(2)} G`;
  if (n >= 1e6) return `${(n / 1e6).toFixed(2)} M`;
  if (n >= 1e4) return `${(n / 1e3).toFixed(0)} k`;
  return Math.round(n).toString();
}

/** 3725000 -> '1 h 02 min', 65000 -> '1 min 05 s', 4200 -> '4.2 s' */
export function duration(ms: number): string {
  const s = ms / 1000;
  if (s < 60) return `${s.toFixed(1)} s`;
  const min = Math.floor(s / 60);
  if (min < 60) return `${min} min ${String(Math.floor(s % 60)).padStart(2, '0')} s`;
  const h = Math.floor(min / 60);
  return h < 48 ? `${h} h ${String(min % 60).padStart(2, '0')} min` : `${Math.floor(h / 24)} d`;
}
