// A proxy as far as a rehearsal needs one: it asks for everything over delta ADS, and acknowledges what comes.
import { once } from 'node:events';
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';
import { encodeMessage } from '../../../envoy/protojson.ts';
import { type ResourceKind, typeUrls } from '../../../envoy/types.ts';
import { partialMessage } from '../../../envoy/wire.ts';
import type { JsonObject } from '../../../lib/json.ts';
import { lazy } from '../../../lib/memo.ts';
import { messageReader } from '../../../xds/transport/message-reader.ts';

export type Names = { readonly [K in ResourceKind]: readonly string[] };

const path = '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources';
const headers = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' };
const answer = lazy(() => partialMessage('envoy.service.discovery.v3.DeltaDiscoveryResponse', ['type_url', 'nonce']));

/** In bytes: far more than a rehearsal sends. */
const mostBytes = 16 << 20;

/** As Envoy asks: for endpoints when it has clusters, for routes when it has listeners. */
const next: { readonly [K in ResourceKind]?: ResourceKind } = {
  cluster: 'endpoint',
  endpoint: 'listener',
  listener: 'route',
};

export class ImaginaryProxy {
  readonly #names: Names;
  readonly #session: ClientHttp2Session;
  readonly #stream: ClientHttp2Stream;
  readonly #asked = new Set<ResourceKind>();

  /** `names`: of the endpoints and routes that it is to ask for. */
  constructor(port: number, id: string, names: Names) {
    this.#names = names;
    this.#session = connect(`http://127.0.0.1:${port}`);
    this.#session.on('error', () => {});
    this.#stream = this.#session.request(headers);
    this.#stream.on('error', () => {});
    const reader = messageReader(mostBytes, (bytes) => this.#take(bytes));
    this.#stream.on('data', (chunk: Buffer) => reader.push(chunk));
    this.#ask('cluster', { node: { id, cluster: 'rehearsal' } });
  }

  /** Ends its connection at once. */
  async close(): Promise<void> {
    if (this.#session.destroyed) return;
    const closed = once(this.#session, 'close');
    this.#session.destroy();
    await closed;
  }

  #take(bytes: Buffer): void {
    const { type_url, nonce } = answer().decode(bytes) as unknown as { type_url: string; nonce: string };
    this.#send({ type_url, response_nonce: nonce });
    const kind = [...this.#asked].find((one) => typeUrls[one] === type_url);
    const following = kind && next[kind];
    if (following !== undefined && !this.#asked.has(following)) this.#ask(following, {});
  }

  #ask(kind: ResourceKind, more: JsonObject): void {
    this.#asked.add(kind);
    const named = kind === 'endpoint' || kind === 'route';
    const names = named ? { resource_names_subscribe: this.#names[kind] } : {};
    this.#send({ type_url: typeUrls[kind], ...names, ...more });
  }

  #send(request: JsonObject): void {
    const bytes = encodeMessage('envoy.service.discovery.v3.DeltaDiscoveryRequest', request);
    const head = Buffer.alloc(5);
    head.writeUInt32BE(bytes.length, 1);
    this.#stream.write(Buffer.concat([head, bytes]));
  }
}
