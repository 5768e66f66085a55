/** The SQL front end: text in, job graphs out. */
export { parseScript } from './parse/script.js';
export { planScript, type ScriptPlan, type ScriptStep, type SessionOptions, SqlSession } from './session.js';
export { type ExecuteSqlOptions, executeSql, type SqlOptions, type SqlRow, sql, TableEnvironment } from './environment.js';
export { explainGraph } from './explain.js';
export type { Statement } from './ast/statement.js';
