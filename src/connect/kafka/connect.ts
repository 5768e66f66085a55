import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../../base/clock.js';
import { type ErrorPlace, MillraceError } from '../../base/errors.js';
import { KafkaCluster } from './client-internals.js';
import { kafkaError, mayPass, unreachable } from './failure.js';
import type { ClientSettings } from './settings.js';

/** Waits for a connection as long as the settings say; fails with KAFKA_UNREACHABLE naming the addresses, or CANCELLED. */
export async function withinConnectTimeout(connecting: Promise<void>, settings: ClientSettings, signal: AbortSignal, place: ErrorPlace): Promise<void> {
  const timeout = AbortSignal.timeout(settings.connectTimeoutMs);
  try {
    await new Promise<void>((resolve, reject) => {
      const cancelled = (): void => reject(new MillraceError('CANCELLED', 'the job was cancelled'));
      if (signal.aborted) cancelled();
      signal.addEventListener('abort', cancelled, { once: true });
      timeout.addEventListener('abort', () => reject(unreachable(settings.servers, place)), { once: true });
      connecting.then(resolve, reject).finally(() => signal.removeEventListener('abort', cancelled));
    });
  } catch (e) {
    throw kafkaError(e, settings.servers, place);
  }
}

export async function connect(settings: ClientSettings, signal: AbortSignal, place: ErrorPlace, autoCreateTopics = false): Promise<KafkaCluster> {
  const cluster = new KafkaCluster(settings, autoCreateTopics);
  try {
    await withinConnectTimeout(Promise.race([cluster.connect(), cluster.tlsFailure]), settings, signal, place);
    return cluster;
  } catch (e) {
    void cluster.close().catch(() => {});
    throw e;
  }
}

/** Does something again and again, `ms` apart, until the signal; a cluster that is away for a while is passed over. */
export async function every(ms: number, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    await delay(ms, undefined, { signal, ref: false }).catch(() => {});
    if (!signal.aborted) await passing(work());
  }
}

/** Waits for a question to the cluster; that it could not be asked now does not matter. */
export async function passing(asking: Promise<void>): Promise<void> {
  try {
    await asking;
  } catch (e) {
    if (!mayPass(e)) throw e;
  }
}

/** How long a cluster has not answered: a job waits for it as long as the settings say, then fails. */
export class Silence {
  readonly #settings: ClientSettings;
  readonly #clock: Clock;
  readonly #place: ErrorPlace;
  #sinceMs: number | undefined;

  constructor(settings: ClientSettings, clock: Clock, place: ErrorPlace) {
    this.#settings = settings;
    this.#clock = clock;
    this.#place = place;
  }

  /** It answered. */
  end(): void {
    this.#sinceMs = undefined;
  }

  /** It did not, because of `cause`; fails when that has lasted too long. */
  goesOn(cause: unknown): void {
    const nowMs = this.#clock.monotonicMs();
    this.#sinceMs ??= nowMs;
    if (nowMs - this.#sinceMs <= this.#settings.apiTimeoutMs) return;
    throw cause instanceof MillraceError ? cause : unreachable(this.#settings.servers, this.#place, cause);
  }
}
