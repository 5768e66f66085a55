import { MillraceError } from '../base/errors.js';
import type { StreamGraph } from '../contract/graph.js';
import type { CalcConfig, SourceNodeConfig } from '../contract/nodes.js';
import type { Expr } from '../types/expr.js';
import { callsOf } from '../wasm/failing.js';
import { calcRoots } from '../wasm/layout.js';

/** Regular expressions that are constants are read when the script is checked: what cannot be matched is refused with its place. */
export async function checkPatterns(graph: StreamGraph): Promise<void> {
  const calls = graph.nodes.flatMap((n) => callsOf(rootsOf(n))).filter((c) => c.fn === 'regexpExtract' && c.args[1].op === 'lit');
  if (calls.length === 0) return;
  const { javaPattern } = await import('../regex/index.js');
  for (const call of calls) {
    try {
      javaPattern(String((call.args[1] as { value: unknown }).value));
    } catch (e) {
      throw e instanceof MillraceError ? e.at(call.written?.place ?? {}) : e;
    }
  }
}

function rootsOf(node: StreamGraph['nodes'][number]): readonly Expr[] {
  if (node.kind === 'calc') return calcRoots(node.config as CalcConfig);
  const watermark = node.kind === 'source' ? (node.config as SourceNodeConfig).watermark : undefined;
  return watermark === undefined ? [] : [watermark.rowtime, watermark.watermark];
}
