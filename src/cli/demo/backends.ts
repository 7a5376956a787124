// Real servers for the endpoints of a folder: each answers with who it is.
import { createServer as createHttp, type ServerResponse } from 'node:http';
import { createServer as createHttp2, type Http2ServerResponse } from 'node:http2';
import { createServer as createTcp, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { CannotStart } from '../../inject/launcher.ts';

/** What a backend speaks. */
export type Speech = 'http' | 'http2' | 'tcp';

export interface Backend {
  readonly address: string;
  readonly port: number;
  readonly speech: Speech;
}

/** How a backend behaves. */
export interface Behaviour {
  /** How long it takes to answer, in milliseconds. */
  readonly slowness: number;
  /** Headers that it adds to its answers. */
  readonly headers: Readonly<Record<string, string>>;
  readonly status: number;
}

const fine: Behaviour = { slowness: 0, headers: {}, status: 200 };

interface Running {
  readonly backend: Backend;
  readonly server: Server;
  readonly sockets: Set<Socket>;
}

/** `127.0.0.11:8080`: the name by which a backend answers. */
export function backendName({ address, port }: Pick<Backend, 'address' | 'port'>): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** The servers behind a service. */
export class Backends {
  readonly #running = new Map<string, Running>();
  readonly #behaviour = new Map<string, Behaviour>();
  readonly #asked = new Map<string, number>();
  #turn = Promise.resolve();

  /** Names of all that run. */
  get names(): readonly string[] {
    return [...this.#running.keys()];
  }

  /**
   * Starts those of `wanted` that do not run yet. Others go on: whoever has just left a service may still be answering.
   * Throws CannotStart where an address cannot be used.
   */
  ensure(wanted: readonly Backend[]): Promise<void> {
    // One call after the other: two at once would start the same server twice.
    const turn = this.#turn.then(() => this.#startMissing(wanted));
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async #startMissing(wanted: readonly Backend[]): Promise<void> {
    for (const backend of wanted) {
      const name = backendName(backend);
      const running = this.#running.get(name);
      if (running?.backend.speech === backend.speech) continue;
      if (running !== undefined) await end(running);
      this.#running.set(name, await this.#serve(backend));
    }
  }

  /** Changes how a backend behaves from its next answer on; what is left out stays as it is. */
  behave(name: string, behaviour: Partial<Behaviour>): void {
    this.#behaviour.set(name, { ...fine, ...this.#behaviour.get(name), ...behaviour });
  }

  /** How many HTTP requests have reached a backend since it was first started. */
  asked(name: string): number {
    return this.#asked.get(name) ?? 0;
  }

  /** Ends one backend as if its machine was switched off. */
  async end(name: string): Promise<void> {
    const running = this.#running.get(name);
    this.#running.delete(name);
    if (running !== undefined) await end(running);
  }

  async close(): Promise<void> {
    await Promise.all(this.names.map((name) => this.end(name)));
  }

  async #serve(backend: Backend): Promise<Running> {
    const name = backendName(backend);
    const server = this.#server(name, backend.speech);
    const sockets = new Set<Socket>();
    server.on('connection', (socket: Socket) => {
      sockets.add(socket);
      // Whoever ends a connection early is no concern of the others.
      socket.on('error', () => socket.destroy());
      socket.on('close', () => sockets.delete(socket));
    });
    await listen(server, backend);
    return { backend, server, sockets };
  }

  #server(name: string, speech: Speech): Server {
    if (speech === 'tcp') return createTcp((socket) => void this.#speak(name, socket));
    if (speech === 'http2') return createHttp2((_, response) => void this.#answer(name, response));
    // Connections stay open: who closes an idle one may cut off the request that is just being sent on it.
    const endless = { keepAliveTimeout: 0, requestTimeout: 0 };
    return createHttp(endless, (_, response) => void this.#answer(name, response));
  }

  async #answer(name: string, response: ServerResponse | Http2ServerResponse): Promise<void> {
    const { slowness, headers, status } = this.#behaviour.get(name) ?? fine;
    this.#asked.set(name, this.asked(name) + 1);
    if (slowness > 0) await delay(slowness);
    for (const [header, value] of Object.entries(headers)) response.setHeader(header, value);
    response.statusCode = status;
    response.end(`${name}\n`);
  }

  /** Over TCP it says its name, and then whatever it hears. */
  async #speak(name: string, socket: Socket): Promise<void> {
    const { slowness } = this.#behaviour.get(name) ?? fine;
    if (slowness > 0) await delay(slowness);
    socket.write(`${name}\n`);
    socket.pipe(socket);
  }
}

function listen(server: Server, { address, port }: Backend): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(new CannotStart(why(error, address, port))));
    server.listen({ host: address, port, backlog: 1024 }, resolve);
  });
}

function why(error: NodeJS.ErrnoException, address: string, port: number): string {
  const name = backendName({ address, port });
  if (error.code === 'EADDRINUSE') return `${name} is taken by another program: stop it, or change the endpoint's port`;
  if (error.code === 'EADDRNOTAVAIL')
    return `this machine has no address ${address}: use loopback endpoints (127.0.0.11 and up), or add it with 'ip address add ${address} dev lo'`;
  if (error.code === 'EACCES') return `${name} needs privileges: use an endpoint port above 1023`;
  return `cannot listen on ${name}: ${error.message}`;
}

async function end({ server, sockets }: Running): Promise<void> {
  for (const socket of sockets) socket.destroy();
  await new Promise<void>((resolve) => server.close(() => resolve()));
}
