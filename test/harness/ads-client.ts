// A reference ADS client for tests, SotW and delta behind one face. It decodes with @grpc/proto-loader and Envoy's
// descriptors, and shares no code with the server but the names of the types.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type ChannelCredentials,
  Client,
  type ClientDuplexStream,
  credentials,
  type StatusObject,
} from '@grpc/grpc-js';
import { loadFileDescriptorSetFromBuffer, type MessageTypeDefinition } from '@grpc/proto-loader';
import { type ResourceKind, resourceKinds, typeUrls } from '../../src/envoy/types.ts';
import { serverName } from './certificates.ts';

export type Protocol = 'sotw' | 'delta';
type Json = Readonly<Record<string, unknown>>;

export interface Received {
  /** Null for a type that the client does not know. */
  readonly kind: ResourceKind | null;
  readonly typeUrl: string;
  readonly nonce: string;
  readonly version: string;
  /** By name, the decoded resource with snake_case names. */
  readonly resources: ReadonlyMap<string, Json>;
  /** The versions by name, in delta. */
  readonly versions: ReadonlyMap<string, string>;
  readonly removed: readonly string[];
}

export interface AdsClientOptions {
  readonly port: number;
  readonly protocol: Protocol;
  /** Plain text where nothing is said. */
  readonly credentials?: ChannelCredentials;
  /** The Node of the first request; null leaves it out. */
  readonly node?: Json | null;
}

const definitions = loadFileDescriptorSetFromBuffer(
  readFileSync(join(import.meta.dirname, '../../build/envoy.binpb')),
  {
    keepCase: true,
    longs: String,
    enums: String,
    arrays: true,
  },
);

function messageOf(name: string): MessageTypeDefinition<object, object> {
  const found = definitions[name];
  if (found === undefined || !('deserialize' in found)) throw new Error(`no message ${name}`);
  return found as MessageTypeDefinition<object, object>;
}

/** Encodes a message from its JSON with snake_case names. */
export function encode(name: string, json: Json): Buffer {
  return messageOf(name).serialize(json);
}

const decodeAny = (any: Json): Json => {
  const name = String(any['type_url']).replace(/^.*\//, '');
  return messageOf(name).deserialize(any['value'] as Buffer) as Json;
};

/** A node's metadata, from flat values. This decoder takes a map as the list of its entries. */
export function metadata(values: Readonly<Record<string, string | number>>): Json {
  const fields = Object.entries(values).map(([key, value]) => ({
    key,
    value: typeof value === 'number' ? { number_value: value } : { string_value: value },
  }));
  return { fields };
}

const nameOf = (resource: Json): string => String(resource['name'] ?? resource['cluster_name']);
const list = (value: unknown): readonly Json[] => (Array.isArray(value) ? value : []);

/** What a client has of one type. */
interface Spoken {
  names: readonly string[];
  nonce: string;
  version: string;
}

const methods = { sotw: 'StreamAggregatedResources', delta: 'DeltaAggregatedResources' } as const;
const prefix = { sotw: 'envoy.service.discovery.v3.', delta: 'envoy.service.discovery.v3.Delta' } as const;

/** A channel of its own to a server on this machine; over TLS it has to be that of a test. */
export function connectTo(port: number, secured = credentials.createInsecure()): Client {
  return new Client(`127.0.0.1:${port}`, secured, {
    'grpc.max_receive_message_length': -1,
    'grpc.use_local_subchannel_pool': 1,
    ...(secured._isSecure() ? { 'grpc.ssl_target_name_override': serverName } : {}),
  });
}

export class AdsClient {
  readonly protocol: Protocol;
  /** Every response in the order in which it came. */
  readonly log: Received[] = [];
  /** Resolves with the status with which the stream ends. */
  readonly ended: Promise<StatusObject>;
  readonly #client: Client;
  readonly #call: ClientDuplexStream<Buffer, Buffer>;
  readonly #spoken = new Map<string, Spoken>();
  readonly #queues = new Map<string, Received[]>();
  readonly #waiting = new Map<string, (response: Received) => void>();
  #node: Json | null;

  constructor({ port, protocol, node = { id: 'test' }, ...options }: AdsClientOptions) {
    this.protocol = protocol;
    this.#node = node;
    this.#client = connectTo(port, options.credentials);
    const path = `/envoy.service.discovery.v3.AggregatedDiscoveryService/${methods[protocol]}`;
    const pass = (bytes: Buffer): Buffer => bytes;
    this.#call = this.#client.makeBidiStreamRequest(path, pass, pass);
    this.#call.on('data', (bytes: Buffer) => this.#receive(bytes));
    this.#call.on('error', () => {});
    this.ended = new Promise((resolve) => this.#call.on('status', resolve));
  }

  /** SotW: these names and no others; delta: these names as well. No names in a first request ask for everything. */
  subscribe(kind: ResourceKind, ...names: readonly string[]): void {
    this.#ask(typeUrls[kind], names, []);
  }

  /** Gives up names; SotW sends the rest. */
  unsubscribe(kind: ResourceKind, ...names: readonly string[]): void {
    const rest = this.#of(typeUrls[kind]).names.filter((name) => !names.includes(name));
    if (this.protocol === 'sotw') this.#ask(typeUrls[kind], rest, []);
    else this.#ask(typeUrls[kind], [], names);
  }

  /** Delta: a first request of a client that holds these versions. */
  resume(kind: ResourceKind, versions: ReadonlyMap<string, string>, ...names: readonly string[]): void {
    this.request({
      type_url: typeUrls[kind],
      resource_names_subscribe: names,
      initial_resource_versions: [...versions].map(([key, value]) => ({ key, value })),
    });
  }

  ack({ typeUrl, nonce }: Received): void {
    this.#answer(typeUrl, nonce, {});
  }

  nack({ typeUrl, nonce }: Received, message: string): void {
    this.#answer(typeUrl, nonce, { error_detail: { code: 3, message } });
  }

  /** Sends any request, as JSON with snake_case names. */
  request(fields: Json): void {
    const node = this.#node === null ? {} : { node: this.#node };
    this.#node = null;
    this.sendBytes(encode(`${prefix[this.protocol]}DiscoveryRequest`, { ...node, ...fields }));
  }

  sendBytes(bytes: Buffer): void {
    this.#call.write(bytes);
  }

  /** The next response of the type that was not taken yet. One at a time may wait for each type. */
  next(type: ResourceKind | string): Promise<Received> {
    const url = resourceKinds.some((kind) => kind === type) ? typeUrls[type as ResourceKind] : type;
    const queued = this.#queues.get(url)?.shift();
    if (queued !== undefined) return Promise.resolve(queued);
    return new Promise((resolve) => this.#waiting.set(url, resolve));
  }

  /** The next response of the type, acknowledged. */
  async take(kind: ResourceKind): Promise<Received> {
    const response = await this.next(kind);
    this.ack(response);
    return response;
  }

  /** How many responses of the type were received and not taken. */
  untaken(kind: ResourceKind): number {
    return this.#queues.get(typeUrls[kind])?.length ?? 0;
  }

  /** SotW: the names of the last request. */
  names(kind: ResourceKind): readonly string[] {
    return this.#of(typeUrls[kind]).names;
  }

  /** Stops to read, so that the transport's windows fill up; `resumeReading` reads on. */
  pauseReading(): void {
    this.#call.pause();
  }

  resumeReading(): void {
    this.#call.resume();
  }

  close(): void {
    this.#call.cancel();
    this.#client.close();
  }

  #of(url: string): Spoken {
    const spoken = this.#spoken.get(url) ?? { names: [], nonce: '', version: '' };
    this.#spoken.set(url, spoken);
    return spoken;
  }

  #ask(url: string, names: readonly string[], unsubscribe: readonly string[]): void {
    const spoken = this.#of(url);
    if (this.protocol === 'delta') {
      this.request({ type_url: url, resource_names_subscribe: names, resource_names_unsubscribe: unsubscribe });
      return;
    }
    spoken.names = names;
    this.request({
      type_url: url,
      resource_names: names,
      response_nonce: spoken.nonce,
      version_info: spoken.version,
    });
  }

  #answer(url: string, nonce: string, more: Json): void {
    const names = this.protocol === 'sotw' ? { resource_names: this.#of(url).names } : {};
    this.request({ type_url: url, response_nonce: nonce, ...names, ...more });
  }

  #receive(bytes: Buffer): void {
    const message = messageOf(`${prefix[this.protocol]}DiscoveryResponse`).deserialize(bytes) as Json;
    const response = this.protocol === 'sotw' ? readSotw(message) : readDelta(message);
    const spoken = this.#of(response.typeUrl);
    spoken.nonce = response.nonce;
    spoken.version = response.version;
    this.log.push(response);
    const waiting = this.#waiting.get(response.typeUrl);
    this.#waiting.delete(response.typeUrl);
    if (waiting !== undefined) waiting(response);
    else this.#queues.set(response.typeUrl, [...(this.#queues.get(response.typeUrl) ?? []), response]);
  }
}

function readBase(message: Json): Pick<Received, 'kind' | 'typeUrl' | 'nonce'> {
  const typeUrl = String(message['type_url']);
  const kind = resourceKinds.find((one) => typeUrls[one] === typeUrl) ?? null;
  return { kind, typeUrl, nonce: String(message['nonce']) };
}

function readSotw(message: Json): Received {
  const resources = list(message['resources']).map(decodeAny);
  return {
    ...readBase(message),
    version: String(message['version_info']),
    resources: new Map(resources.map((resource) => [nameOf(resource), resource])),
    versions: new Map(),
    removed: [],
  };
}

function readDelta(message: Json): Received {
  const entries = list(message['resources']);
  return {
    ...readBase(message),
    version: String(message['system_version_info']),
    resources: new Map(entries.map((entry) => [String(entry['name']), decodeAny(entry['resource'] as Json)])),
    versions: new Map(entries.map((entry) => [String(entry['name']), String(entry['version'])])),
    removed: list(message['removed_resources']).map(String),
  };
}
