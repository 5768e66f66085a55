import { MillraceError } from '../base/errors.js';
import { executeGraph, type JobHandle } from '../job/execute.js';
import { QueueSink } from '../stream/node-streams.js';
import { type ScriptStep, SqlSession } from './session.js';

/** Where a program's SQL runs. */
export interface SqlOptions {
  /** job options by Flink's keys, until SET says otherwise: { 'parallelism.default': '2' } */
  readonly settings?: Readonly<Record<string, string>>;
  /** the name that errors give the text */
  readonly file?: string;
}

export interface ExecuteSqlOptions {
  /** cancels the job */
  readonly signal?: AbortSignal;
  /** takes what `print` and a SELECT write; default: stdout */
  readonly print?: (text: string) => void;
}

/** A row of a query: values by column name, in the forms of docs/types.md. */
export type SqlRow = Record<string, unknown>;

/** Flink's TableEnvironment: tables, views and settings that live from one call to the next. */
export class TableEnvironment {
  readonly #session: SqlSession;

  constructor(options: SqlOptions = {}) {
    this.#session = new SqlSession({ file: options.file, options: options.settings });
  }

  /**
   * Runs a script. All of it is checked before anything runs. Resolves when its job is running, or with undefined when it has none
   * (CREATE, SET, ...). Several INSERTs run as one job between EXECUTE STATEMENT SET BEGIN and END. What EXPLAIN, SHOW and DESCRIBE say is printed.
   */
  async executeSql(text: string, options: ExecuteSqlOptions = {}): Promise<JobHandle | undefined> {
    const steps = await this.#session.execute(text);
    const print = options.print ?? ((t: string) => process.stdout.write(t));
    for (const s of steps) if (s.kind === 'text') print(`${s.text}\n`);
    const job = onlyJob(steps);
    return job === undefined ? undefined : executeGraph(job.graph, options);
  }

  /**
   * The rows of a script's SELECT, as owned objects; leaving the loop cancels its job. The job runs on this thread at parallelism 1 and waits while
   * the consumer is behind. A query that updates its rows (GROUP BY without a window) is refused: INSERT it into a table that takes changes.
   */
  async *sql(text: string, options: Pick<ExecuteSqlOptions, 'signal'> = {}): AsyncGenerator<SqlRow, void> {
    const steps = await this.#session.execute(text, { connector: 'iterable', options: { closure: '0' } });
    const query = onlyJob(steps);
    if (query === undefined || !query.query) {
      throw new MillraceError('SQL_VALIDATION', 'sql() takes a script with one SELECT', { remedy: 'Run other statements with executeSql().' });
    }
    const queue = new QueueSink<SqlRow>();
    const nodes = query.graph.nodes.map(({ parallelism: _, ...n }) => n);
    const graph = { ...query.graph, nodes, options: { ...query.graph.options, 'parallelism.default': '1' } };
    const job = await executeGraph(graph, { signal: options.signal, closures: [queue] });
    yield* queue.elementsOf(job);
  }
}

function onlyJob(steps: readonly ScriptStep[]): (ScriptStep & { kind: 'job' }) | undefined {
  const jobs = steps.filter((s) => s.kind === 'job');
  if (jobs.length > 1) {
    throw new MillraceError('SQL_VALIDATION', `the script has ${jobs.length} jobs, one call runs one`, {
      place: { line: jobs[1].line, excerpt: jobs[1].statement.split('\n')[0] },
      remedy: 'Put the INSERTs between EXECUTE STATEMENT SET BEGIN and END, or call executeSql() of one TableEnvironment for each.',
    });
  }
  return jobs[0];
}

/** Runs a script with one job, in an environment of its own. Resolves when the job is running. */
export async function executeSql(text: string, options: SqlOptions & ExecuteSqlOptions = {}): Promise<JobHandle> {
  const job = await new TableEnvironment(options).executeSql(text, options);
  if (job === undefined) {
    throw new MillraceError('SQL_VALIDATION', 'the script has no INSERT or SELECT to run', {
      remedy: 'A TableEnvironment keeps the tables of one call for the next.',
    });
  }
  return job;
}

/** The rows of a script's SELECT: `for await (const row of sql('CREATE TABLE ...; SELECT ...'))`. See TableEnvironment.sql. */
export function sql(text: string, options: SqlOptions & Pick<ExecuteSqlOptions, 'signal'> = {}): AsyncGenerator<SqlRow, void> {
  return new TableEnvironment(options).sql(text, options);
}
