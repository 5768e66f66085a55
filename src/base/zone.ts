import { readlinkSync } from 'node:fs';

/**
 * The system's time zone as an IANA name. Intl knows it too, but asking costs 5-10 ms of every start, so the two usual places are looked at
 * first: TZ, and the link /etc/localtime.
 */
export function systemTimeZone(): string {
  const tz = process.env.TZ;
  if (tz === undefined || tz === '') {
    try {
      const name = /zoneinfo\/(.+)$/.exec(readlinkSync('/etc/localtime'))?.[1];
      if (name !== undefined) return name === 'Etc/UTC' ? 'UTC' : name;
    } catch {
      // no such link: Intl decides
    }
  } else if (tz === 'UTC') return tz;
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}
