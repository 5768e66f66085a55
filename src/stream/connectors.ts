import { MillraceError, nearest } from '../base/errors.js';
import { own, setOwn } from '../base/own.js';
import type { FormatConfig } from '../contract/format.js';
import type { GraphNode, StreamGraph } from '../contract/graph.js';
import type { SinkNodeConfig, SourceNodeConfig } from '../contract/nodes.js';
import { readOptions } from '../contract/options.js';
import { loadConnector, loadFormat } from '../contract/registry.js';
import type { SinkConfig } from '../contract/sink.js';
import type { Connector, SourceConfig } from '../contract/source.js';
import { flatten } from '../types/leaf.js';
import type { Schema } from '../types/logical.js';
import type { RowSchema } from './schema.js';

/** A table as users describe it: Flink's connector options by their keys, and its columns. */
export interface ConnectorDescriptor {
  readonly connector: string;
  readonly schema?: RowSchema<unknown>;
  /** shown in messages; default: the connector's name */
  readonly name?: string;
  readonly partitionedBy?: readonly string[];
  readonly primaryKey?: readonly string[];
  readonly [option: string]: unknown;
}

const OWN = new Set(['connector', 'schema', 'name', 'partitionedBy', 'primaryKey', 'format']);

/** Splits a descriptor's options: what belongs to the format (its name as prefix), and the connector's. */
function split(d: ConnectorDescriptor): { options: Record<string, string>; format: FormatConfig | undefined } {
  const name = typeof d.format === 'string' ? d.format : undefined;
  const options: Record<string, string> = {};
  const formatOptions: Record<string, string> = {};
  for (const [key, value] of Object.entries(d)) {
    if (OWN.has(key) || value === undefined) continue;
    if (name !== undefined && key.startsWith(`${name}.`)) setOwn(formatOptions, key.slice(name.length + 1), String(value));
    else setOwn(options, key, String(value));
  }
  return { options, format: name === undefined ? undefined : { name, options: formatOptions } };
}

export function sourceConfig(d: ConnectorDescriptor, schema: RowSchema<unknown>): SourceConfig {
  const { options, format } = split(d);
  return {
    connector: d.connector,
    tableName: d.name ?? d.connector,
    options,
    format,
    schema: { fields: schema.fields },
    metadata: schema.fields.map((f) => own(schema.metadata, f.name)),
  };
}

export function sinkConfig(d: ConnectorDescriptor, schema: Schema, metadata: Readonly<Record<string, string>>): SinkConfig {
  const { options, format } = split(d);
  const leaves = flatten(schema);
  return {
    connector: d.connector,
    tableName: d.name ?? d.connector,
    options,
    format,
    schema: { fields: schema.fields },
    metadata: schema.fields.map((f) => own(metadata, f.name)),
    partitionKeys: d.partitionedBy ?? [],
    primaryKey: (d.primaryKey ?? []).map((k) => leaves.findIndex((l) => l.path.length === 1 && l.path[0] === k)),
  };
}

/** Checks every connector and format option of a graph before anything starts, and fills in what only the connectors know. */
export async function checkConnectors(graph: StreamGraph): Promise<StreamGraph> {
  const nodes: GraphNode[] = [];
  for (const node of graph.nodes) {
    if (node.kind === 'source') nodes.push(await checkSource(node));
    else {
      if (node.kind === 'sink') await checkSink(node);
      nodes.push(node);
    }
  }
  return { ...graph, nodes };
}

const INTERNAL = new Set(['collection', 'iterable']);

async function checkSource(node: GraphNode): Promise<GraphNode> {
  const config = node.config as SourceNodeConfig;
  const { source } = config;
  if (INTERNAL.has(source.connector)) return node;
  const place = { operator: node.name };
  const connector = await loadConnector(source.connector, place);
  if (connector.createReader === undefined || connector.sourceOptions === undefined) {
    throw new MillraceError('INVALID_OPTION', `the connector '${source.connector}' is only a sink`, { place, remedy: 'Read from another connector.' });
  }
  readOptions(`connector '${source.connector}'`, connector.sourceOptions, source.options, place);
  await checkFormat(connector, source.format, 'decode', node.name);
  for (const key of source.metadata) {
    if (key === undefined || own(connector.metadata ?? {}, key) !== undefined) continue;
    const known = Object.keys(connector.metadata ?? {});
    const near = nearest(key, known);
    throw new MillraceError('UNKNOWN_COLUMN', `the connector '${source.connector}' has no metadata '${key}'`, {
      place,
      remedy: near === undefined ? `Its metadata: ${known.join(', ') || 'none'}.` : `Did you mean '${near}'?`,
    });
  }
  connector.checkSource?.(source, place);
  if (config.watermark === undefined) return node;
  return { ...node, config: { ...config, watermark: { ...config.watermark, perSplit: connector.watermarkPerSplit === true } } };
}

async function checkSink(node: GraphNode): Promise<void> {
  const { sink } = node.config as SinkNodeConfig;
  if (INTERNAL.has(sink.connector)) return;
  const place = { operator: node.name };
  const connector = await loadConnector(sink.connector, place);
  if (connector.createWriter === undefined || connector.sinkOptions === undefined) {
    throw new MillraceError('INVALID_OPTION', `the connector '${sink.connector}' is only a source`, { place, remedy: 'Write to another connector.' });
  }
  readOptions(`connector '${sink.connector}'`, connector.sinkOptions, sink.options, place);
  await checkFormat(connector, sink.format, 'encode', node.name);
  connector.checkSink?.(sink, place);
}

async function checkFormat(connector: Connector, config: FormatConfig | undefined, role: 'decode' | 'encode', operator: string): Promise<void> {
  const place = { operator };
  if (connector.formats === 'none') {
    if (config === undefined) return;
    throw new MillraceError('UNKNOWN_OPTION', `connector '${connector.name}' has no option 'format'`, { place, remedy: 'Leave it out.' });
  }
  if (config === undefined) {
    throw new MillraceError('MISSING_OPTION', `connector '${connector.name}' needs the option 'format'`, { place, remedy: "For instance format: 'json'." });
  }
  const format = await loadFormat(config.name, place);
  readOptions(`format '${config.name}'`, role === 'decode' ? format.decoderOptions : format.encoderOptions, config.options, place);
  format.check(config.options, role, place);
}
