import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

/** The Apache Kafka release the live tests run against, from Maven Central. */
const KAFKA_VERSION = '4.3.1';

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
<modelVersion>4.0.0</modelVersion><groupId>millrace.test</groupId><artifactId>broker</artifactId><version>1</version>
<dependencies>
<dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${KAFKA_VERSION}</version></dependency>
<dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-slf4j-impl</artifactId><version>2.25.1</version></dependency>
</dependencies></project>
`;

// Without a logging back end the line that says the broker is ready never prints.
const LOG4J2 = `rootLogger.level = INFO
rootLogger.appenderRef.stdout.ref = out
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d %p %m (%c)%n
`;

const CLUSTER_ID = 'MkU3OEVBNTcwNTJENDM2Qg';
const READY_TIMEOUT_MS = 90_000;

/** Why the live Kafka tests cannot run here; undefined when they can. With REQUIRE_KAFKA=1 that is a failure, not a reason to skip. */
export function kafkaMissing(): string | undefined {
  if (process.env.KAFKA_BROKERS !== undefined) return undefined;
  for (const [program, flag] of [
    ['java', '-version'],
    ['mvn', '-version'],
  ]) {
    const r = spawnSync(program, [flag], { stdio: 'ignore' });
    if (r.status !== 0) {
      const reason = `no ${program} here: a real Kafka broker cannot start (set KAFKA_BROKERS to use a running one)`;
      if (process.env.REQUIRE_KAFKA === '1') throw new Error(`REQUIRE_KAFKA=1, but ${reason}`);
      return reason;
    }
  }
  return undefined;
}

/** Folder with Kafka's jars, brought by Maven on the first call. */
export function kafkaJars(): string {
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), `millrace-kafka-${KAFKA_VERSION}`);
  const lib = join(cache, 'lib');
  if (existsSync(lib)) return lib;
  mkdirSync(cache, { recursive: true });
  const work = mkdtempSync(join(cache, 'bring-'));
  writeFileSync(join(work, 'pom.xml'), POM);
  const args = ['-q', '-B', '-f', join(work, 'pom.xml'), 'dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${join(work, 'lib')}`];
  execFileSync('mvn', args, { stdio: ['ignore', 'ignore', 'inherit'] });
  try {
    renameSync(join(work, 'lib'), lib);
  } catch (e) {
    if (!existsSync(lib)) throw e; // another test process was first
  }
  rmSync(work, { recursive: true, force: true });
  return lib;
}

/** Ports that nobody listens on, probed together so that they differ. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<import('node:net').Server>((resolve, reject) => {
          const s = createServer();
          s.once('error', reject);
          s.listen(0, '127.0.0.1', () => resolve(s));
        }),
    ),
  );
  const ports = servers.map((s) => (s.address() as { port: number }).port);
  await Promise.all(servers.map((s) => new Promise((resolve) => s.close(resolve))));
  return ports;
}

export interface Broker {
  /** bootstrap servers, 'host:port' */
  readonly servers: string;
  /** false for a broker that was there already: it cannot be stopped */
  readonly own: boolean;
  /** folder of the logs, a folder `topic-partition` each; undefined for a broker that was there already */
  readonly data: string | undefined;
  /** Ends the process for good, with its data kept for `start`. */
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Starts another broker of the cluster and gives its node id (the first one's is 1). */
  addNode(): Promise<number>;
  /** Ends them and removes their data. */
  close(): Promise<void>;
}

const children = new Set<ChildProcess>();
process.once('exit', () => {
  for (const c of children) c.kill('SIGKILL');
});

// The watcher ends java when this process is gone, however it went: its end of the pipe closes then.
const WATCHED = 'exec 3<&0; (read x <&3; kill -9 $$) 2>/dev/null & exec java "$@" </dev/null';

/** Quick to start and small: what tests want. */
const SMALL_JVM = ['-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];

export interface BrokerOptions {
  /** the port that clients are told, for a proxy before the broker */
  readonly advertisedPort?: number;
  readonly jvm?: readonly string[];
  /** more listeners of the first node, by name, and their ports */
  readonly listeners?: Readonly<Record<string, number>>;
  /** more server properties of every node */
  readonly properties?: Readonly<Record<string, string>>;
  /** more arguments of `kafka-storage format` */
  readonly format?: readonly string[];
}

async function launch(lib: string, home: string, jvm: readonly string[]): Promise<ChildProcess> {
  const child = spawn('sh', ['-c', WATCHED, 'sh', ...jvm, '-cp', `${home}:${lib}/*`, 'kafka.Kafka', join(home, 'server.properties')], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  children.add(child);
  child.once('exit', () => children.delete(child));
  child.stdin?.on('error', () => {});
  let log = '';
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`the broker was not ready within ${READY_TIMEOUT_MS} ms:\n${log.slice(-4000)}`)), READY_TIMEOUT_MS);
    const read = (chunk: Buffer): void => {
      if (log.length < 1 << 20) log += chunk.toString();
      if (!log.includes('Kafka Server started')) return;
      clearTimeout(timer);
      log = '';
      resolve();
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      reject(new Error(`the broker ended with ${code ?? signal}:\n${log.slice(-4000)}`));
    });
  });
  return child;
}

/** SIGKILL, and waits until the process is reaped: a zombie would still answer `kill -0`. */
async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
  child.stdin?.destroy();
}

/** A real broker (KRaft, combined mode, loopback), or the one KAFKA_BROKERS names. Ready in a few seconds. */
export async function startBroker(options: BrokerOptions = {}): Promise<Broker> {
  const given = process.env.KAFKA_BROKERS;
  if (given !== undefined) {
    const cannot = async (): Promise<never> => {
      throw new Error('a broker named by KAFKA_BROKERS is not ours to stop');
    };
    return { servers: given, own: false, data: undefined, stop: cannot, start: cannot, addNode: cannot, close: async () => {} };
  }
  const lib = kafkaJars();
  const home = mkdtempSync(join(tmpdir(), 'millrace-broker-'));
  const [port, controllerPort] = await freePorts(2);
  const { listeners = {}, properties = {}, format = [] } = options;
  const node: Node = { id: 1, port, advertisedPort: options.advertisedPort ?? port, controllerPort, listeners, properties, format };
  const jvm = options.jvm ?? SMALL_JVM;
  const first = await startNode(lib, join(home, '1'), jvm, node);
  const others: Running[] = [];
  return {
    servers: `127.0.0.1:${port}`,
    own: true,
    data: join(home, '1', 'data'),
    stop: first.stop,
    start: first.start,
    async addNode() {
      const [other] = await freePorts(1);
      const id = others.length + 2;
      others.push(
        await startNode(lib, join(home, String(id)), jvm, { id, port: other, advertisedPort: other, controllerPort, listeners: {}, properties, format: [] }),
      );
      return id;
    },
    async close() {
      for (const n of [...others, first]) await n.stop();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

interface Node {
  readonly id: number;
  readonly port: number;
  readonly advertisedPort: number;
  /** of node 1, which is the controller */
  readonly controllerPort: number;
  readonly listeners: Readonly<Record<string, number>>;
  readonly properties: Readonly<Record<string, string>>;
  readonly format: readonly string[];
}
interface Running {
  stop(): Promise<void>;
  start(): Promise<void>;
}

function propertiesOf(n: Node, data: string): Record<string, string | number | boolean> {
  const controls = n.id === 1;
  const more = Object.entries(n.listeners)
    .map(([name, port]) => `,${name}://127.0.0.1:${port}`)
    .join('');
  return {
    'process.roles': controls ? 'broker,controller' : 'broker',
    'node.id': n.id,
    'controller.quorum.voters': `1@127.0.0.1:${n.controllerPort}`,
    listeners: `PLAINTEXT://127.0.0.1:${n.port}${more}${controls ? `,CONTROLLER://127.0.0.1:${n.controllerPort}` : ''}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${n.advertisedPort}${more}`,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL',
    'log.dirs': data,
    'num.partitions': 1,
    'auto.create.topics.enable': false,
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 1,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    'group.initial.rebalance.delay.ms': 0,
    // Records with old CreateTimes would be deleted otherwise.
    'log.retention.ms': -1,
    // A broker that was killed comes back as soon as its old session has expired.
    'broker.session.timeout.ms': 3000,
    'broker.heartbeat.interval.ms': 500,
    'log.cleaner.dedupe.buffer.size': 8 << 20,
    ...n.properties,
  };
}

async function startNode(lib: string, home: string, jvm: readonly string[], node: Node): Promise<Running> {
  mkdirSync(home);
  const file = join(home, 'server.properties');
  const lines = Object.entries(propertiesOf(node, join(home, 'data'))).map(([k, v]) => `${k}=${v}\n`);
  writeFileSync(file, lines.join(''));
  writeFileSync(join(home, 'log4j2.properties'), LOG4J2);
  const format = ['kafka.tools.StorageTool', 'format', '-t', CLUSTER_ID, '-c', file, ...node.format];
  execFileSync('java', ['-Xmx128m', '-XX:TieredStopAtLevel=1', '-cp', `${home}:${lib}/*`, ...format], { stdio: ['ignore', 'ignore', 'inherit'] });
  let child: ChildProcess | undefined = await launch(lib, home, jvm);
  return {
    async stop() {
      if (child !== undefined) await kill(child);
      child = undefined;
    },
    async start() {
      child ??= await launch(lib, home, jvm);
    },
  };
}
