// One gRPC stream of a proxy: it feeds the stream's reducer with what arrives, and writes what comes out.
import { type ServerDuplexStream, status } from '@grpc/grpc-js';
import { nodeIdentity, readNode } from '../envoy/node.ts';
import type { ProxyNode } from '../model/proxy.ts';
import { type DiscoveryRequest, decodeRequest } from './requests.ts';
import { encodeResponse, type Response } from './response.ts';
import type { SnapshotFeed, SnapshotProvider } from './snapshot.ts';
import { type Note, type StreamEvent, step } from './stream.ts';
import { newStream, type StreamOptions, type StreamState } from './stream-state.ts';
import type { XdsEvent } from './xds-event.ts';

export type AdsCall = ServerDuplexStream<Buffer, Buffer>;

export interface SessionOptions {
  readonly call: AdsCall;
  readonly stream: StreamOptions;
  readonly provider: SnapshotProvider;
  readonly onEvent: (event: XdsEvent) => void;
  /** Called once, when the session is over. */
  readonly onClosed: (session: Session) => void;
}

/** The proxy at the other end, and its id as it was in the first request: it holds for the whole stream. */
interface Peer {
  readonly node: ProxyNode;
  readonly identity: string;
}

/** How many names an event has at most. */
const mostTold = 20;

function told(note: Note) {
  if (note.kind === 'answered') return { kind: note.answer, type: note.type };
  if (note.kind !== 'held') return note;
  return { kind: note.kind, type: note.type, count: note.names.size, names: [...note.names].slice(0, mostTold) };
}

/** Lives as long as its stream. A fault in it ends the stream with INTERNAL, and nothing else. */
export class Session {
  readonly #options: SessionOptions;
  #state: StreamState;
  #peer: Peer | null = null;
  #feed: SnapshotFeed | null = null;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#state = newStream(options.stream);
    const { call } = options;
    call.on('data', (bytes: Buffer) => this.#guard(() => this.#receive(bytes)));
    call.on('end', () => this.end(status.OK, 'closed by the client'));
    call.on('cancelled', () => this.#dispose('cancelled by the client'));
    call.on('close', () => this.#dispose('connection closed'));
    call.on('error', (error: Error) => this.#dispose(error.message));
  }

  get state(): StreamState {
    return this.#state;
  }

  /** Null until the first request. */
  get node(): ProxyNode | null {
    return this.#peer?.node ?? null;
  }

  /** Ends the stream with a gRPC status. */
  end(code: status, details: string): void {
    if (this.#closed) return;
    this.#dispose(details);
    if (code === status.OK) this.#options.call.end();
    else this.#options.call.emit('error', { code, details });
  }

  #guard(run: () => void): void {
    if (this.#closed) return;
    try {
      run();
    } catch (error) {
      this.#options.onEvent({ ...this.#about(), kind: 'fault', error });
      this.end(status.INTERNAL, 'internal error');
    }
  }

  #receive(bytes: Buffer): void {
    const decoded = decodeRequest(this.#options.stream.protocol, bytes);
    const complaint = decoded.kind === 'refused' ? decoded.reason : this.#admit(decoded.request);
    if (complaint !== null) this.end(status.INVALID_ARGUMENT, complaint);
    else if (decoded.kind === 'request') {
      this.#dispatch({ kind: 'request', request: decoded.request, now: performance.now() });
    }
  }

  /** Null, or why the request must not be served. */
  #admit(request: DiscoveryRequest): string | null {
    return this.#peer === null ? this.#meet(request) : this.#recognize(this.#peer, request);
  }

  /** The first request has to say who the proxy is. */
  #meet({ node: bytes }: DiscoveryRequest): string | null {
    const identity = bytes === null ? null : nodeIdentity(bytes);
    if (bytes === null || identity === null) return 'the first request on a stream has to name its node';
    const outcome = readNode(bytes);
    if (outcome.kind === 'refused') return outcome.reason;
    const { node } = outcome;
    this.#peer = { node, identity };
    this.#options.onEvent({ ...this.#about(), kind: 'connected' });
    const feed = this.#options.provider.follow(node, (snapshot) => {
      this.#guard(() => this.#dispatch({ kind: 'snapshot', snapshot, now: performance.now() }));
    });
    if (this.#closed) feed.close();
    else this.#feed = feed;
    return null;
  }

  /** Later requests may repeat the node, and then it has to be the same. */
  #recognize({ identity }: Peer, { node }: DiscoveryRequest): string | null {
    if (node === null || nodeIdentity(node) === identity) return null;
    return 'the node differs from that of the first request on this stream';
  }

  #dispatch(event: StreamEvent): void {
    if (this.#closed) return;
    const { state, response, wakeAt, notes, exhausted } = step(this.#state, event);
    this.#state = state;
    if (exhausted !== null) this.end(status.RESOURCE_EXHAUSTED, exhausted);
    else {
      for (const note of notes) this.#report(note);
      this.#wake(wakeAt);
      if (response !== null) this.#write(response);
      // Last, for a provider may answer a refusal with a new snapshot at once.
      for (const note of notes) this.#passOn(note);
    }
  }

  /** Nothing else is written until the transport has taken this: what changes meanwhile is merged in the reducer. */
  #write(response: Response): void {
    const bytes = encodeResponse(response);
    this.#options.call.write(bytes, () => {
      this.#guard(() => this.#dispatch({ kind: 'drained', now: performance.now() }));
    });
    this.#options.onEvent({
      ...this.#about(),
      kind: 'pushed',
      type: response.kind,
      resources: response.resources.length,
      removed: response.removed.length,
      bytes: bytes.length,
    });
  }

  #wake(at: number | null): void {
    clearTimeout(this.#timer);
    if (at === null) return;
    const tick = (): void => this.#guard(() => this.#dispatch({ kind: 'tick', now: performance.now() }));
    this.#timer = setTimeout(tick, Math.max(1, Math.ceil(at - performance.now())));
  }

  #report(note: Note): void {
    this.#options.onEvent({ ...this.#about(), ...told(note) });
  }

  #passOn(note: Note): void {
    if (this.#peer === null || note.kind !== 'answered') return;
    const { type: kind, error: message, culprits, resources } = note;
    const { provider } = this.#options;
    if (note.answer === 'refused') provider.refused(this.#peer.node, { kind, message, culprits });
    if (note.answer === 'acknowledged') provider.taken(this.#peer.node, kind, resources);
  }

  #about(): { readonly node: string | null; readonly protocol: StreamOptions['protocol'] } {
    return { node: this.node?.id ?? null, protocol: this.#options.stream.protocol };
  }

  #dispose(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#feed?.close();
    this.#options.onEvent({ ...this.#about(), kind: 'closed', reason });
    this.#options.onClosed(this);
  }
}
