// A mark: the fan-out alone, on node:http2. Ready bytes, shared by all streams; no translation, no gates, no checks.
// Usage: prototype.ts FOLDER, where the folder holds what `peer -dump` has written.
import { createServer as createHttp } from 'node:http';
import { createServer, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { changedEndpoints, PreparedType } from './prepared.ts';
import { blocks, GrpcMessages } from './wire.ts';

const [folder = ''] = process.argv.slice(2);
const endpoints = new PreparedType(folder, 'eds');
const types = [endpoints, ...(['cds', 'lds', 'rds'] as const).map((file) => new PreparedType(folder, file))];
const byUrl = new Map(types.map((type) => [type.url, type]));

/** A list of names that streams ask for. Those that ask with the same bytes share it. */
interface Names {
  readonly key: string;
  readonly bytes: Buffer;
  readonly list: readonly string[];
  readonly set: ReadonlySet<string>;
}

const known: Names[] = [];

function intern(bytes: Buffer): Names {
  const found = known.find((names) => names.bytes.equals(bytes));
  if (found !== undefined) return found;
  const list = [...blocks(bytes)].map(({ start, end }) => bytes.toString('utf8', start, end));
  const names = { key: String(known.length), bytes: Buffer.from(bytes), list, set: new Set(list) };
  known.push(names);
  return names;
}

/** Field numbers of DiscoveryRequest and DeltaDiscoveryRequest; names are field 3 in both. */
const fields = { sotw: { type: 4, nonce: 5 }, delta: { type: 2, nonce: 6 } } as const;

class Stream {
  readonly form: keyof typeof fields;
  /** Null: all of the type. */
  readonly subscriptions = new Map<PreparedType, Names | null>();
  readonly #http: ServerHttp2Stream;
  readonly #messages = new GrpcMessages();

  constructor(http: ServerHttp2Stream, form: keyof typeof fields) {
    this.#http = http;
    this.form = form;
    http.on('data', (bytes: Buffer) => {
      for (const message of this.#messages.take(bytes)) this.#take(message);
    });
  }

  write(bytes: Buffer): void {
    this.#http.write(bytes);
  }

  #take(message: Buffer): void {
    let [url, from, to] = ['', message.length, message.length];
    let acknowledges = false;
    for (const { field, from: begin, start, end } of blocks(message)) {
      if (field === 3) [from, to] = [Math.min(from, begin), end];
      else if (field === fields[this.form].type) url = message.toString('latin1', start, end);
      else if (field === fields[this.form].nonce) acknowledges = end > start;
    }
    const type = byUrl.get(url);
    if (type !== undefined) this.#answer(type, message.subarray(from, to), acknowledges);
  }

  #answer(type: PreparedType, bytes: Buffer, acknowledges: boolean): void {
    const before = this.subscriptions.get(type);
    if (bytes.length === 0 && (before !== undefined || acknowledges)) return;
    if (this.form === 'sotw' && before?.bytes.equals(bytes)) return;
    const names = bytes.length === 0 ? null : intern(bytes);
    this.subscriptions.set(type, names);
    this.write(type.sharedResponse(names?.key ?? '*', names?.list ?? null, this.form));
  }
}

const streams = new Set<Stream>();
const server = createServer({ settings: { initialWindowSize: 1 << 20 } });
server.on('session', (session) => session.on('error', () => {}));
server.on('stream', (http, headers) => {
  http.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  http.on('wantTrailers', () => http.sendTrailers({ 'grpc-status': '0' }));
  const form = String(headers[':path']).endsWith('/DeltaAggregatedResources') ? 'delta' : 'sotw';
  const stream = new Stream(http, form);
  streams.add(stream);
  http.on('end', () => http.end());
  http.on('error', () => {});
  http.on('close', () => streams.delete(stream));
});

function change(service: number, marker: string): void {
  endpoints.nextVersion();
  const name = endpoints.put(changedEndpoints(service, marker));
  for (const stream of streams) {
    if (stream.subscriptions.get(endpoints)?.set.has(name) !== true) continue;
    stream.write(endpoints.sharedResponse(`only ${name}`, [name], stream.form));
  }
}

const admin = createHttp((request, response) => {
  const { searchParams } = new URL(request.url ?? '', 'http://127.0.0.1');
  change(Number(searchParams.get('service')), searchParams.get('marker') ?? '');
  response.end();
});
const portOf = (each: typeof admin | typeof server): number => (each.address() as AddressInfo).port;
admin.listen(0, '127.0.0.1', () => {
  server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 }, () => {
    console.log(`listening xds=127.0.0.1:${portOf(server)} admin=127.0.0.1:${portOf(admin)}`);
  });
});
