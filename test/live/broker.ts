import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { kafkaJars } from '../../bench/lib/broker.js';

export { type Broker, freePorts, kafkaMissing, startBroker } from '../../bench/lib/broker.js';

/** Produces with Kafka's own client in a JVM of its own: see JavaProducer.java for the arguments. */
export function javaProduce(servers: string, topic: string, compression: string, transactionalId: string, records: readonly string[]): void {
  const source = fileURLToPath(new URL('../../../test/live/JavaProducer.java', import.meta.url));
  const args = ['-Xmx128m', '-XX:TieredStopAtLevel=1', '-cp', `${kafkaJars()}/*`, source, servers, topic, compression, transactionalId, ...records];
  execFileSync('java', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}
