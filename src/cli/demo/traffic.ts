// The client: real requests through Envoy, and who answered them.
import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { connect } from 'node:net';

/** One request's end: the backend that answered, or why none did. */
export type Answer =
  | { readonly kind: 'answered'; readonly by: string; readonly headers: IncomingHttpHeaders }
  | { readonly kind: 'failed'; readonly why: string };

export interface Call {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

export const plainCall: Call = { path: '/', headers: {} };

export interface ClientOptions {
  /** Envoy's listener. */
  readonly address: string;
  readonly port: number;
  /** The Host header: the service that is called. */
  readonly host: string;
  /** The address that requests come from; undefined: the system's choice. */
  readonly from?: string;
}

/** Whatever sends requests to one service. */
export interface Client {
  /** Sends one request. Everything but the expected answer counts as failed. Never throws. */
  call(call: Call): Promise<Answer>;
  close(): void;
}

/** Sends the calls, `atOnce` at a time, and gives the answers in the order of the calls. */
export function send(client: Client, calls: readonly Call[], atOnce: number): Promise<readonly Answer[]> {
  return inParallel(calls, atOnce, (call) => client.call(call));
}

/** How many answers each backend gave, and how many requests failed. */
export interface Tally {
  readonly answers: ReadonlyMap<string, number>;
  readonly failed: number;
  /** Why, each reason once. */
  readonly reasons: readonly string[];
}

/** The longest a request may take, in milliseconds. */
const patience = 10_000;

/** An HTTP client of one service, on connections that stay open. */
export class HttpClient implements Client {
  readonly #options: ClientOptions;
  readonly #agent = new Agent({ keepAlive: true });

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  call({ path, headers }: Call): Promise<Answer> {
    const { address, port, host, from } = this.#options;
    return new Promise((resolve) => {
      const fail = (why: string) => resolve({ kind: 'failed', why });
      const sent = request({
        ...{ host: address, port, path, agent: this.#agent, timeout: patience },
        ...(from === undefined ? {} : { localAddress: from }),
        headers: { host, ...headers },
      });
      sent.on('response', (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (part: string) => {
          body = (body + part).slice(0, 4096);
        });
        response.on('error', (error) => fail(error.message));
        response.on('end', () => {
          if (response.statusCode !== 200) fail(`${response.statusCode} ${body.trim()}`);
          else resolve({ kind: 'answered', by: body.trim(), headers: response.headers });
        });
      });
      sent.on('timeout', () => sent.destroy(new Error(`no answer within ${patience} ms`)));
      sent.on('error', (error) => fail(error.message));
      sent.end();
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** A TCP client: each call is a connection, and whoever speaks first on it has answered. */
export class TcpClient implements Client {
  readonly #options: Omit<ClientOptions, 'host'>;

  constructor(options: Omit<ClientOptions, 'host'>) {
    this.#options = options;
  }

  call(): Promise<Answer> {
    const { address, port, from } = this.#options;
    return new Promise((resolve) => {
      const fail = (why: string) => resolve({ kind: 'failed', why });
      const socket = connect({ host: address, port, ...(from === undefined ? {} : { localAddress: from }) });
      let heard = '';
      socket.setEncoding('utf8');
      socket.setTimeout(patience, () => socket.destroy(new Error(`silence for ${patience} ms`)));
      socket.on('data', (part: string) => {
        heard = (heard + part).slice(0, 4096);
        const end = heard.indexOf('\n');
        if (end < 0) return;
        resolve({ kind: 'answered', by: heard.slice(0, end), headers: {} });
        socket.destroy();
      });
      socket.on('error', (error) => fail(error.message));
      socket.on('close', () => fail('closed before a word'));
    });
  }

  close(): void {}
}

/** Runs one job per item, `atOnce` at a time, and gives the results in the order of the items. */
async function inParallel<T, R>(
  items: readonly T[],
  atOnce: number,
  run: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const results = new Array<R>(items.length);
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < items.length; index = next++) {
      const item = items[index];
      if (item !== undefined) results[index] = await run(item);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  return results;
}

/** Counts answers by backend. */
export function tally(answers: readonly Answer[]): Tally {
  const counts = new Map<string, number>();
  const reasons = new Set<string>();
  let failed = 0;
  for (const answer of answers) {
    if (answer.kind === 'answered') counts.set(answer.by, (counts.get(answer.by) ?? 0) + 1);
    else {
      failed += 1;
      if (reasons.size < 5) reasons.add(answer.why);
    }
  }
  return { answers: counts, failed, reasons: [...reasons] };
}
