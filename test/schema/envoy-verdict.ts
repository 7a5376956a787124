// Whether a real Envoy takes what was translated: many resources at a time in one bootstrap, which Envoy validates.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isObject, type JsonObject, type JsonValue } from '../../src/lib/json.ts';
import { sdsCluster } from '../../src/model/names.ts';
import type { Resources } from '../../src/translate/emit/resources.ts';
import { bootstrap } from '../xds/real-envoy.ts';

const program = join(import.meta.dirname, '../../build/envoy');
const run = promisify(execFile);

/** PEM texts that stand for whatever files the resources name. */
export interface Pems {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
  readonly crl: string;
}

export interface Piece {
  readonly kind: 'cluster' | 'listener';
  /** Equal pieces have equal keys. */
  readonly key: string;
  readonly json: JsonObject;
}

/** The resources as a bootstrap can hold them: clusters with their endpoints inside, listeners with their routes. */
export function piecesOf({ cluster, endpoint, listener, route }: Resources): readonly Piece[] {
  const clusters = [...cluster.values()].map(({ name, json, version }): Piece => {
    const table = endpoint.get(
      String((json['eds_cluster_config'] as JsonObject | undefined)?.['service_name'] ?? name),
    );
    const { eds_cluster_config: _, ...rest } = json;
    const whole = table === undefined ? json : { ...rest, type: 'STATIC', load_assignment: table.json };
    return { kind: 'cluster', key: `${version} ${table?.version ?? ''}`, json: whole };
  });
  const listeners = [...listener.values()].map(({ json, version }): Piece => {
    const used: string[] = [];
    const whole = withRoutes(json, (name) => {
      used.push(route.get(name)?.version ?? '');
      return { ...route.get(name)?.json, name, validate_clusters: false };
    });
    return { kind: 'listener', key: [version, ...used].join(' '), json: whole as JsonObject };
  });
  return [...clusters, ...listeners];
}

function withRoutes(value: JsonValue, routeOf: (name: string) => JsonObject): JsonValue {
  if (Array.isArray(value)) return value.map((each: JsonValue) => withRoutes(each, routeOf));
  if (!isObject(value)) return value;
  const { rds, ...rest } = value;
  const inner = Object.entries(rest).map(([name, each]) => [name, withRoutes(each, routeOf)] as const);
  if (!isObject(rds)) return Object.fromEntries(inner);
  return { ...Object.fromEntries(inner), route_config: routeOf(String(rds['route_config_name'])) };
}

const pemFields: Readonly<Record<string, keyof Pems>> = {
  certificate_chain: 'cert',
  private_key: 'key',
  trusted_ca: 'ca',
  crl: 'crl',
};

function withPems(value: JsonValue, pems: Pems): JsonValue {
  if (Array.isArray(value)) return value.map((each: JsonValue) => withPems(each, pems));
  if (!isObject(value)) return value;
  const fields = Object.entries(value).map(([name, each]) => {
    const field = pemFields[name];
    const isFile = field !== undefined && isObject(each) && each['filename'] !== undefined;
    return [name, isFile ? { inline_string: pems[field] } : withPems(each, pems)] as const;
  });
  return Object.fromEntries(fields);
}

/** Names and addresses that no other piece has: each of them is a set of its own. */
function apart({ kind, json }: Piece, index: number): JsonObject {
  const name = `${index} ${String(json['name'])}`;
  if (kind === 'cluster') {
    const { load_assignment: endpoints } = json;
    return { ...json, name, ...(isObject(endpoints) && { load_assignment: { ...endpoints, cluster_name: name } }) };
  }
  const address = `127.${index >> 16}.${(index >> 8) & 255}.${index & 255}`;
  const { additional_addresses: _, ...rest } = json;
  return { ...rest, name, address: { socket_address: { address, port_value: 1 } } };
}

function configOf(pieces: readonly Piece[], pems: Pems): JsonObject {
  const config = bootstrap(1, 'delta') as unknown as JsonObject;
  const statics = config['static_resources'] as { readonly clusters: readonly JsonObject[] };
  const [xds] = statics.clusters;
  const agent = { name: sdsCluster, type: 'STATIC', load_assignment: { cluster_name: sdsCluster } };
  const all = pieces.map((piece, index) => ({ kind: piece.kind, json: withPems(apart(piece, index + 1), pems) }));
  const of = (kind: Piece['kind']): JsonValue[] => all.filter((each) => each.kind === kind).map(({ json }) => json);
  const resources = { clusters: [xds ?? {}, agent, ...of('cluster')], listeners: of('listener') };
  const { admin: _, ...rest } = config;
  return { ...rest, static_resources: resources };
}

/** Why Envoy refuses the pieces; null: it takes them. */
async function refusal(pieces: readonly Piece[], pems: Pems): Promise<string | null> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-schema-'));
  const file = join(folder, 'envoy.json');
  writeFileSync(file, JSON.stringify(configOf(pieces, pems)));
  try {
    await run(program, ['--mode', 'validate', '-c', file, '--log-level', 'error'], { maxBuffer: 1 << 26 });
    return null;
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    return (stderr + stdout).slice(0, 2_000) || String(error);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export interface Refused {
  readonly piece: Piece;
  readonly reason: string;
}

/** The pieces that Envoy refuses, found by halves. */
export async function refusedOf(pieces: readonly Piece[], pems: Pems): Promise<readonly Refused[]> {
  const [first] = pieces;
  const reason = first === undefined ? null : await refusal(pieces, pems);
  if (first === undefined || reason === null) return [];
  if (pieces.length === 1) return [{ piece: first, reason }];
  const middle = pieces.length >> 1;
  const before = await refusedOf(pieces.slice(0, middle), pems);
  return before.length >= 5 ? before : [...before, ...(await refusedOf(pieces.slice(middle), pems))];
}
