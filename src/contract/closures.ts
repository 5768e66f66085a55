/**
 * The functions (and iterables) of one job, beside its graph: a node's config holds an index into this table.
 * Rebuilding the same program gives the same table, so indices mean the same in every worker.
 */
export type ClosureTable = readonly unknown[];

/** Exported by the module that rebuilds a job module's graph in a worker (JobPlan.module.builder). */
export interface GraphBuilder {
  /** Imports the job module at `url` and calls its default export; `hash` identifies the graph without its functions' bodies. */
  buildGraphFromModule(url: string, settings: Readonly<Record<string, string>>): Promise<{ readonly closures: ClosureTable; readonly hash: string }>;
}
