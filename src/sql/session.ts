import { masked } from '../base/secrets.js';
import { systemTimeZone } from '../base/zone.js';
import type { StreamGraph } from '../contract/graph.js';
import { loadConnector } from '../contract/registry.js';
import type { Schema } from '../types/logical.js';
import type { CreateTable, CreateView, Insert, Statement, StatementSet } from './ast/statement.js';
import { bindQuery, type QueryEnv, renamed, shownNames } from './bind/query.js';
import { bindTable } from './bind/table.js';
import { Catalog, tableKey } from './catalog.js';
import { checkSinkChangelog } from './changelog.js';
import { describeTable } from './describe.js';
import { explainPlan } from './explain.js';
import { planInsert } from './insert.js';
import { optimize } from './optimize.js';
import { type PlannerSettings, plannerSettings } from './options.js';
import { parseSource } from './parse/script.js';
import { buildGraph, type PlannedSink } from './physical.js';
import { foreignSetting, OWN_KEYS } from './settings.js';
import { SourceText, type Span } from './source.js';
import { plainType } from './type/common.js';

/** What a script says to do, in order. */
export type ScriptStep =
  /** `query`: a SELECT whose rows are shown to the user; its sink is `print` unless told otherwise */
  | { readonly kind: 'job'; readonly graph: StreamGraph; readonly query: boolean; readonly statement: string; readonly line: number }
  /** the answer to EXPLAIN, SHOW, DESCRIBE, SET */
  | { readonly kind: 'text'; readonly text: string; readonly statement: string; readonly line: number };

export interface ScriptPlan {
  readonly steps: readonly ScriptStep[];
  /** all that was SET, over the options given */
  readonly options: Readonly<Record<string, string>>;
  readonly warnings: readonly string[];
}

export interface SessionOptions {
  readonly file?: string;
  /** job options that hold until SET says otherwise, by Flink's keys */
  readonly options?: Readonly<Record<string, string>>;
  /** the zone for table.local-time-zone = default; the system's when absent */
  readonly systemTimeZone?: string;
}

/** Where the rows of a SELECT go. */
export interface QuerySink {
  readonly connector: string;
  readonly options: Readonly<Record<string, string>>;
}
const PRINT: QuerySink = { connector: 'print', options: {} };

/** Plans a script: every statement is checked before anything runs. Fails with the first error, placed in the text. */
export async function planScript(text: string, options: SessionOptions = {}): Promise<ScriptPlan> {
  const session = new SqlSession(options);
  const steps = await session.execute(text);
  return { steps, options: session.options, warnings: session.warnings };
}

/** A catalog and settings that live from script to script: a shell's state. */
export class SqlSession {
  readonly warnings: string[] = [];
  readonly #catalog = new Catalog();
  readonly #initial: Readonly<Record<string, string>>;
  readonly #file: string | undefined;
  readonly #systemZone: string;
  #options: Map<string, string>;
  /** where each option was SET */
  readonly #places = new Map<string, { source: SourceText; span: Span }>();

  constructor(options: SessionOptions = {}) {
    this.#file = options.file;
    this.#initial = options.options ?? {};
    this.#options = new Map(Object.entries(this.#initial));
    this.#systemZone = options.systemTimeZone ?? systemTimeZone();
  }

  get options(): Record<string, string> {
    return Object.fromEntries(this.#options);
  }

  /** Parses and plans a script over what earlier ones created. */
  async execute(text: string, querySink: QuerySink = PRINT): Promise<ScriptStep[]> {
    const source = new SourceText(text, this.#file);
    const steps: ScriptStep[] = [];
    try {
      for (const statement of parseSource(source)) {
        const step = await this.#statement(statement, source, querySink);
        if (step !== undefined) steps.push({ ...step, statement: source.slice(statement.span), line: source.place(statement.span).line ?? 1 });
      }
    } catch (e) {
      // a text can be nested in ways no limit names
      if (e instanceof RangeError && /call stack/i.test(e.message))
        throw source.error('SQL_SYNTAX', 'the statement is nested too deeply', { start: 0, end: 1 }, 'Simplify it.');
      throw e;
    }
    return steps;
  }

  async #statement(s: Statement, source: SourceText, querySink: QuerySink): Promise<StepBody | undefined> {
    switch (s.kind) {
      case 'create table':
        return this.#createTable(s, source);
      case 'create view':
        return this.#createView(s, source);
      case 'drop':
        this.#catalog.drop(s.name, s.what, source, s);
        return undefined;
      case 'set':
        return this.#set(s, source);
      case 'reset':
        this.#reset(s.key);
        return undefined;
      case 'insert':
        return this.#job([s], source);
      case 'statement set':
        return this.#job(s.inserts, source);
      case 'select': {
        const sink = await this.#planSelect(s.query, source, querySink);
        return { kind: 'job', graph: await this.#graph([sink], this.#jobName(sink.name)), query: true };
      }
      case 'explain':
        return this.#explain(s.target, s.details, source);
      case 'show':
        return { kind: 'text', text: this.#catalog.names(s.what === 'VIEWS' ? 'view' : undefined).join('\n') };
      case 'describe':
        return { kind: 'text', text: this.#describe(s, source) };
      case 'refused':
        throw source.error('NOT_SUPPORTED', `${s.what} is not supported yet`, s.span, 'docs/sql.md lists the statements there are.');
    }
  }

  async #createTable(s: CreateTable, source: SourceText): Promise<undefined> {
    const name = s.options.find((o) => o.key === 'connector');
    const wantsMetadata = s.columns.some((c) => c.kind === 'metadata');
    const connector = name !== undefined && wantsMetadata ? await loadConnector(name.value, source.place(name.span)) : undefined;
    this.#catalog.create(bindTable(s, source, this.#catalog, connector), s.name, source, s);
    return undefined;
  }

  #createView(s: CreateView, source: SourceText): undefined {
    const rel = bindQuery(s.query, this.#env(source));
    const { fields } = s.columns === undefined ? rel.schema : renamed(rel, s.columns, this.#env(source)).schema;
    const twice = fields.find((f, i) => fields.findIndex((g) => g.name === f.name) !== i);
    if (twice !== undefined) throw source.error('SQL_VALIDATION', `the view has two columns '${twice.name}'`, s.query.span, 'Name one of them with AS.');
    this.#catalog.create({ kind: 'view', name: tableKey(s.name, source), columns: s.columns, query: s.query, source }, s.name, source, s);
    return undefined;
  }

  async #set(s: Statement & { kind: 'set' }, source: SourceText): Promise<StepBody | undefined> {
    if (s.key === undefined)
      return {
        kind: 'text',
        text: [...this.#options]
          .map(([k, v]) => `'${k}' = '${masked(k, v)}'`)
          .sort()
          .join('\n'),
      };
    if (!OWN_KEYS.has(s.key)) {
      const warning = await foreignSetting(s.key, s.value as string, source.place(s.span));
      if (warning !== undefined && !this.warnings.includes(warning)) this.warnings.push(warning);
    }
    this.#options.set(s.key, s.value as string);
    this.#places.set(s.key, { source, span: s.span });
    return undefined;
  }

  #reset(key: string | undefined): void {
    if (key === undefined) this.#options = new Map(Object.entries(this.#initial));
    else if (!Object.hasOwn(this.#initial, key)) this.#options.delete(key);
    else this.#options.set(key, this.#initial[key]);
  }

  #settings(): PlannerSettings {
    return plannerSettings(this.options, this.#systemZone, (key) => {
      const at = this.#places.get(key);
      return at === undefined ? {} : at.source.place(at.span);
    });
  }

  #env(source: SourceText): QueryEnv {
    return { catalog: this.#catalog, source, timeZone: this.#settings().timeZone, ctes: new Map(), depth: 0 };
  }

  async #job(inserts: readonly Insert[], source: SourceText): Promise<StepBody> {
    const sinks: PlannedSink[] = [];
    for (const i of inserts) sinks.push(await planInsert(i, this.#env(source)));
    const name = inserts.length === 1 ? sinks[0].name : sinks.map((s) => s.name).join(', ');
    return { kind: 'job', graph: await this.#graph(sinks, this.#jobName(name)), query: false };
  }

  #jobName(sinks: string): string {
    return this.#options.get('pipeline.name') ?? `insert-into ${sinks}`;
  }

  #graph(sinks: readonly PlannedSink[], name: string): Promise<StreamGraph> {
    return buildGraph(sinks, { settings: this.#settings(), options: this.options, name });
  }

  async #planSelect(query: (Statement & { kind: 'select' })['query'], source: SourceText, { connector, options }: QuerySink): Promise<PlannedSink> {
    const rel = optimize(shownNames(bindQuery(query, this.#env(source))));
    const schema: Schema = { fields: rel.schema.fields.map((f) => ({ name: f.name, type: plainType(f.type) })) };
    const sink = {
      connector,
      tableName: 'result',
      options,
      schema,
      metadata: schema.fields.map(() => undefined),
      partitionKeys: [],
      primaryKey: [],
    };
    const { changelog = 'insert' } = await loadConnector(connector);
    checkSinkChangelog(rel, 'result', changelog, [], { source, span: query.span });
    return { rel, name: 'result', sink, changelog };
  }

  async #explain(target: Insert | StatementSet | (Statement & { kind: 'select' }), details: readonly string[], source: SourceText): Promise<StepBody> {
    const sinks: PlannedSink[] = [];
    if (target.kind === 'select') sinks.push(await this.#planSelect(target.query, source, PRINT));
    else for (const i of target.kind === 'insert' ? [target] : target.inserts) sinks.push(await planInsert(i, this.#env(source)));
    return { kind: 'text', text: explainPlan(sinks, await this.#graph(sinks, 'explain'), details) };
  }

  #describe(s: Statement & { kind: 'describe' }, source: SourceText): string {
    const { schema } = bindQuery(starOf(s.name), this.#env(source));
    return describeTable(schema, this.#catalog.find(s.name, source));
  }
}

type StepBody = { kind: 'job'; graph: StreamGraph; query: boolean } | { kind: 'text'; text: string };

/** SELECT * FROM name, as the parser would give it. */
function starOf(name: (Statement & { kind: 'describe' })['name']): (Statement & { kind: 'select' })['query'] {
  const span = name.span;
  const star = { kind: 'star', qualifier: [], span } as const;
  const select = { kind: 'select', items: [{ expression: star, span }], from: { kind: 'table', name, options: [], span }, span } as const;
  return { kind: 'query', ctes: [], body: select, span };
}
