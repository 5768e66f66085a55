import { join } from 'node:path';
import { type ArgsDef, type CommandDef, defineCommand, runMain } from 'citty';
import { checkFlags, checkSubCommand } from '#src/serve/flags.js';
import { type Shape, shapeNames } from './data/ads.js';
import { PACKAGED, ROOT } from './lib/paths.js';
import { child } from './lib/program.js';
import { report } from './report/report.js';
import { ads } from './stages/ads.js';
import { closures } from './stages/closures.js';
import { coldstart } from './stages/coldstart.js';
import { CONTEST_RECORDS, type Contest, contest, shapes } from './stages/contest.js';
import { counts } from './stages/counts.js';
import { kafka, kafkaWorks } from './stages/kafka.js';
import { latency } from './stages/latency.js';
import { memory } from './stages/memory.js';
import { profile } from './stages/profile.js';
import { skew } from './stages/skew.js';
import { users } from './stages/users.js';

const count = (text: string, name: string): number => {
  const n = Number(text);
  if (!Number.isInteger(n) || n < 1) throw new Error(`--${name} takes a whole number above 0, not '${text}'`);
  return n;
};

const shapeOf = (text: string): Shape => {
  if (!shapeNames.includes(text as Shape)) throw new Error(`--shape is one of ${shapeNames.join(', ')}`);
  return text as Shape;
};

const raceArgs = {
  records: { type: 'string', default: String(CONTEST_RECORDS), description: 'records in the file' },
  rounds: { type: 'string', default: '3', description: 'times each program runs, in turns' },
  programs: {
    type: 'string',
    default: PACKAGED ? 'millrace,node' : 'all',
    description: "parts of program names, comma-separated, e.g. 'millrace,duckdb'; all: every peer whose runtime is there",
  },
} as const;

const contestCommand = <S extends string>(c: Contest<S>) =>
  defineCommand({
    meta: { name: c.name, description: `${c.title}, against peers on the same input` },
    args: { ...raceArgs, shape: { type: 'string', default: c.shapes[0] as string, description: c.shapes.join(', ') } },
    run: ({ args }) =>
      contest(c, { records: count(args.records, 'records'), rounds: count(args.rounds, 'rounds'), shape: args.shape, programs: args.programs.split(',') }),
  });

const shapesCommand = defineCommand({
  meta: { name: 'shapes', description: 'ads (or users) on every shape of its records, in one table' },
  args: {
    work: { type: 'positional', default: 'ads', description: 'ads or users' },
    ...raceArgs,
    records: { ...raceArgs.records, default: '2000000' },
    programs: { ...raceArgs.programs, default: PACKAGED ? 'millrace,JSON.parse' : 'millrace,JSON.parse,simdjson' },
  },
  run: ({ args }) => {
    if (args.work !== 'ads' && args.work !== 'users') throw new Error(`shapes takes ads or users, not '${args.work}'`);
    const options = { records: count(args.records, 'records'), rounds: count(args.rounds, 'rounds'), programs: args.programs.split(',') };
    return args.work === 'ads' ? shapes(ads, options) : shapes(users, options);
  },
});

const numbers = (text: string, name: string): number[] =>
  text.split(',').map((t) => {
    const n = Number(t);
    if (t.trim() === '' || !Number.isFinite(n) || n < 0) throw new Error(`--${name} takes numbers, comma-separated, not '${text}'`);
    return n;
  });

const latencyCommand = defineCommand({
  meta: { name: 'latency', description: "from a record's due time to the sink's write: open loop, keyed, shuffled, over rates and buffer timeouts" },
  args: {
    seconds: { type: 'string', default: '3', description: 'what is measured of a run' },
    warmup: { type: 'string', default: '3', description: 'seconds before that' },
    parallelism: { type: 'string', default: '2', description: 'slots' },
    timeouts: { type: 'string', default: '0,1,10,100', description: 'buffer timeouts, ms' },
    shares: { type: 'string', default: '10,50,80,95', description: 'rates in percent of the sustainable one' },
    work: { type: 'string', default: 'state', description: 'state: a count per key by a function in JS; exchange: partitioned by key only, all in wasm' },
    programs: { type: 'string', default: PACKAGED ? 'millrace' : 'millrace,flink', description: 'millrace over all rates; flink at 100,000 records/s' },
    sustainable: { type: 'string', required: false, description: 'records/s: not searched then, and the rows that earlier runs saved for this rate stay' },
  },
  run: ({ args }) => {
    if (args.work !== 'state' && args.work !== 'exchange') throw new Error(`--work is state or exchange, not '${args.work}'`);
    return latency({
      seconds: count(args.seconds, 'seconds'),
      warmupSeconds: count(args.warmup, 'warmup'),
      parallelism: count(args.parallelism, 'parallelism'),
      bufferTimeoutsMs: numbers(args.timeouts, 'timeouts'),
      shares: numbers(args.shares, 'shares'),
      work: args.work,
      programs: (['millrace', 'flink'] as const).filter((p) => args.programs.split(',').includes(p)),
      sustainable: args.sustainable === undefined ? undefined : count(args.sustainable, 'sustainable'),
    });
  },
});

const kafkaCommand = defineCommand({
  meta: {
    name: 'kafka',
    description: "JSON topic -> windows -> file, or another topic; 150-byte records into a topic; against kafkajs, Kafka's Java client and Flink",
  },
  args: {
    work: { type: 'positional', required: false, description: `${kafkaWorks.join(', ')}; all of them by default` },
    ...raceArgs,
    records: { ...raceArgs.records, default: '2000000', description: 'records in the topic' },
    partitions: { type: 'string', default: '2', description: 'partitions of each topic' },
  },
  run: ({ args }) => {
    const works = kafkaWorks.filter((w) => args.work === undefined || args.work === w);
    if (works.length === 0) throw new Error(`kafka takes ${kafkaWorks.join(', ')}, not '${args.work}'`);
    const [records, rounds, partitions] = [count(args.records, 'records'), count(args.rounds, 'rounds'), count(args.partitions, 'partitions')];
    return kafka({ records, rounds, partitions, works, programs: args.programs.split(',') });
  },
});

const coldstartCommand = defineCommand({
  meta: { name: 'coldstart', description: 'a whole process with a job of five rows, against a bare node' },
  args: { rounds: { type: 'string', default: '20', description: 'times each process runs, in turns' } },
  run: ({ args }) => coldstart(count(args.rounds, 'rounds')),
});

const countsCommand = defineCommand({
  meta: { name: 'counts', description: 'running count over integer keys in memory, upsert changelog into blackhole' },
  args: {
    keys: { type: 'string', default: '10000000', description: 'different keys' },
    records: { type: 'string', default: '30000000', description: 'records' },
    rounds: { type: 'string', default: '3', description: 'times each program runs, in turns' },
  },
  run: ({ args }) => counts({ keys: count(args.keys, 'keys'), records: count(args.records, 'records'), rounds: count(args.rounds, 'rounds') }),
});

const skewCommand = defineCommand({
  meta: { name: 'skew', description: 'one key with half of all records: what it costs at two slots, in one phase and in two' },
  args: {
    records: { type: 'string', default: '3000000', description: 'records in each file' },
    rounds: { type: 'string', default: '3', description: 'times each job runs, in turns' },
  },
  run: ({ args }) => skew(count(args.records, 'records'), count(args.rounds, 'rounds')),
});

const memoryCommand = defineCommand({
  meta: { name: 'memory', description: 'peak memory of the ads job on an input and on one ten times as long' },
  args: { records: { type: 'string', default: '1000000', description: 'events in the shorter file' } },
  run: ({ args }) => memory(count(args.records, 'records')),
});

const profileCommand = defineCommand({
  meta: { name: 'profile', description: 'where the time of the ads job goes, thread by thread (kernels by name after node scripts/build.mjs --names)' },
  args: {
    records: { type: 'string', default: '2000000', description: 'events in the file' },
    slots: { type: 'string', default: '1', description: 'parallelism' },
    shape: { type: 'string', default: 'plain', description: shapeNames.join(', ') },
  },
  run: ({ args }) => profile(count(args.records, 'records'), count(args.slots, 'slots'), shapeOf(args.shape)),
});

const reportCommand = defineCommand({
  meta: { name: 'report', description: 'fills the tables of docs/performance.md from bench/results' },
  args: { plot: { type: 'boolean', default: false, description: 'draws the plots below docs/plots too' } },
  run: ({ args }) => report(args.plot),
});

const MICRO = ['json', 'table', 'window'];

const microCommand = defineCommand({
  meta: { name: 'micro', description: `kernels alone: ${MICRO.join(', ')}` },
  args: { name: { type: 'positional', description: MICRO.join(', '), required: true } },
  run: async ({ args }) => {
    if (!MICRO.includes(args.name)) throw new Error(`micro takes one of ${MICRO.join(', ')}`);
    await child(process.execPath, [join(ROOT, '.build/bench/micro', `${args.name}.js`)]).then(({ stdout }) => process.stdout.write(stdout));
  },
});

const COMMANDS: Record<string, CommandDef> = {
  ads: contestCommand(ads) as CommandDef,
  users: contestCommand(users) as CommandDef,
  closures: contestCommand(closures) as CommandDef,
  shapes: shapesCommand as CommandDef,
  counts: countsCommand as CommandDef,
  kafka: kafkaCommand as CommandDef,
  latency: latencyCommand as CommandDef,
  coldstart: coldstartCommand as CommandDef,
  memory: memoryCommand as CommandDef,
  skew: skewCommand as CommandDef,
};

/** What needs the repository. */
const OF_THE_REPOSITORY: Record<string, CommandDef> = {
  profile: profileCommand as CommandDef,
  micro: microCommand as CommandDef,
  report: reportCommand as CommandDef,
};

/** `npm run bench -- NAME` in the repository, `npx millrace bench NAME` of the installed package. */
export async function bench(rawArgs: string[]): Promise<void> {
  const subCommands = PACKAGED ? COMMANDS : { ...COMMANDS, ...OF_THE_REPOSITORY };
  const name = PACKAGED ? 'millrace bench' : 'npm run bench --';
  const command = defineCommand({ meta: { name, description: 'millrace measured, against peers on the same input' }, subCommands });
  const works = leadingWorks(subCommands, rawArgs);
  const flags = rawArgs.slice(works.length);
  try {
    if (works.length < 2) checkSubCommand(command, rawArgs, name);
    // each takes the flags it has; one that none of them has is refused
    else checkFlags(Object.assign({}, ...works.map((w) => subCommands[w].args)), flags, `${name} ${works.join(' ')}`);
  } catch (e) {
    process.stderr.write(`${(e as Error).message}\n`);
    process.exitCode = 1;
    return;
  }
  if (works.length < 2) return runMain(command, { rawArgs });
  for (const w of works) await runMain(command, { rawArgs: [w, ...flagsOf(subCommands[w], flags)] });
}

/** Names of works at the begin of the arguments, several to be run in turn; one that takes a name of its own stands alone. */
function leadingWorks(subCommands: Readonly<Record<string, CommandDef>>, rawArgs: readonly string[]): string[] {
  const works: string[] = [];
  for (const arg of rawArgs) {
    if (!Object.hasOwn(subCommands, arg) || Object.values((subCommands[arg].args ?? {}) as ArgsDef).some((a) => a.type === 'positional')) break;
    works.push(arg);
  }
  return works;
}

/** The flags that a work has, with their values. */
function flagsOf(work: CommandDef, flags: readonly string[]): string[] {
  const args = (work.args ?? {}) as ArgsDef;
  const out: string[] = [];
  for (let i = 0; i < flags.length; i++) {
    const name = flags[i].replace(/^--?/, '').replace(/=.*$/, '');
    const alone = flags[i].includes('=') || flags[i + 1] === undefined || flags[i + 1].startsWith('--');
    if (args[name] !== undefined) out.push(...flags.slice(i, alone ? i + 1 : i + 2));
    if (!alone) i++;
  }
  return out;
}
