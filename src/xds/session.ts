// One gRPC stream of a proxy: it feeds the stream's reducer with what arrives, and writes what comes out.
import { status } from '@grpc/grpc-js';
import { nodeIdentity, readNode } from '../envoy/node.ts';
import type { ResourceKind } from '../envoy/types.ts';
import type { WorkloadIdentity } from '../model/identity.ts';
import type { ProxyNode } from '../model/proxy.ts';
import { Alarm } from './alarm.ts';
import { type CatchUp, holdsUnknown } from './catch-up.ts';
import { Intake } from './intake.ts';
import { Nonces } from './nonces.ts';
import type { Culprit } from './refusal.ts';
import type { RequestRate } from './request-rate.ts';
import { type DiscoveryRequest, decodeRequest, type Protocol } from './requests.ts';
import { encodeResponse, type Response } from './response.ts';
import type { XdsTimers } from './server-options.ts';
import type { SharedStep, SharedSteps } from './shared-steps.ts';
import type { SnapshotFeed, SnapshotProvider } from './snapshot.ts';
import type { Note, StreamEvent } from './stream.ts';
import type { StreamState } from './stream-state.ts';
import { hasTaken } from './taken.ts';
import type { AdsStream } from './transport/grpc-stream.ts';
import type { Caller } from './transport/relay.ts';
import { told, type XdsEvent } from './xds-event.ts';

/** Whether a proxy of this identity may be this node: null, or why it may not. */
export type AuthorizeNode = (node: ProxyNode, identity: WorkloadIdentity) => string | null;

export interface SessionOptions {
  readonly call: AdsStream;
  readonly caller: Caller;
  readonly authorizeNode: AuthorizeNode;
  readonly protocol: Protocol;
  /** Of all streams with this protocol. */
  readonly steps: SharedSteps;
  readonly noncePrefix: string;
  readonly provider: SnapshotProvider;
  readonly onEvent: (event: XdsEvent) => void;
  readonly timers: Pick<XdsTimers, 'firstRequest' | 'streamAge'>;
  readonly rate: RequestRate;
  /** Null: nobody can know more than is known here. */
  readonly catchUp: CatchUp | null;
  /** When the stream was opened, by `performance.now()`. */
  readonly openedAt: number;
  /** The other sessions, */
  readonly others: () => Iterable<Session>;
  /** and whether a proxy may be made to start anew: not again and again. */
  readonly mayRestart: (node: ProxyNode) => boolean;
  /** Called once, when the client has all that it needs to begin with. */
  readonly onSynced: () => void;
  /** Called once, when the session is over. */
  readonly onClosed: (session: Session) => void;
}

/** The proxy at the other end, and its id as it was in the first request: it holds for the whole stream. */
interface Peer {
  readonly node: ProxyNode;
  readonly identity: string;
}

/** Why a request is not served. */
interface Refused {
  readonly code: status;
  readonly reason: string;
}

const invalid = (reason: string): Refused => ({ code: status.INVALID_ARGUMENT, reason });

/** What a proxy lacks of what changed while it was connected: since when, and how many responses it had been sent. */
interface Behind {
  readonly since: number;
  readonly responses: number;
}

/** Lives as long as its stream. A fault in it ends the stream with INTERNAL, and nothing else. */
export class Session {
  readonly #options: SessionOptions;
  #state: StreamState;
  readonly nonces: Nonces;
  #peer: Peer | null = null;
  #feed: SnapshotFeed | null = null;
  readonly #alarm = new Alarm(() => this.#guard(() => this.#dispatch({ kind: 'tick', now: performance.now() })));
  #behind: Behind | null = null;
  #closed = false;
  #synced = false;
  readonly connectedAt = new Date();
  readonly refusedAt = new Map<ResourceKind, Date>();
  readonly #intake: Intake;
  /** Until the first request; from then on until the stream is too old. */
  #deadline: NodeJS.Timeout;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#state = options.steps.start;
    this.nonces = new Nonces(options.noncePrefix);
    const pass = (request: DiscoveryRequest): void => this.#guard(() => this.#take(request));
    this.#intake = new Intake({ ...options, pass, before: (request) => this.#before(request) });
    const { firstRequest } = options.timers;
    this.#deadline = setTimeout(() => {
      this.end(status.DEADLINE_EXCEEDED, `no request came for ${firstRequest} ms`);
    }, firstRequest);
    options.call.open({
      message: (bytes) => this.#guard(() => this.#receive(bytes)),
      ended: () => this.end(status.OK, 'closed by the client'),
      stalled: () => this.#stall(),
      closed: (reason) => this.#dispose(reason),
    });
  }

  get caller(): Caller {
    return this.#options.caller;
  }

  get state(): StreamState {
    return this.#state;
  }

  /** Null until the first request. */
  get node(): ProxyNode | null {
    return this.#peer?.node ?? null;
  }

  /** Ends the stream with a gRPC status, and has the client open its next one on another connection. */
  leave(code: status, details: string): void {
    this.end(code, details);
    this.#options.call.retire();
  }

  /** Ends the stream with a gRPC status. */
  end(code: status, details: string): void {
    if (this.#closed) return;
    this.#dispose(details);
    this.#options.call.end(code, code === status.OK ? '' : details);
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
    if (this.#intake.throttles(bytes.length)) this.#options.onEvent({ ...this.#about(), kind: 'throttled' });
    const decoded = decodeRequest(this.#options.protocol, bytes);
    const refusal = decoded.kind === 'refused' ? invalid(decoded.reason) : this.#admit(decoded.request);
    if (refusal !== null) this.end(refusal.code, refusal.reason);
    else if (decoded.kind === 'request') this.#intake.take(decoded.request);
  }

  /** What has to be over before the request is dealt with. */
  #before(request: DiscoveryRequest): Promise<void> | null {
    const { catchUp, openedAt } = this.#options;
    return catchUp !== null && holdsUnknown(request, this.#state.latest) ? catchUp.since(openedAt) : null;
  }

  #take(request: DiscoveryRequest): void {
    this.#dispatch({ kind: 'request', request: this.nonces.related(request), now: performance.now() });
  }

  /** A client that takes nothing would hold what waits for it. */
  #stall(): void {
    if (this.#closed) return;
    this.#options.onEvent({ ...this.#about(), kind: 'stalled' });
    this.end(status.UNAVAILABLE, 'nothing was read for too long');
    this.#options.call.destroy();
  }

  /** Null, or why the request must not be served. */
  #admit(request: DiscoveryRequest): Refused | null {
    return this.#peer === null ? this.#meet(request) : this.#recognize(this.#peer, request);
  }

  /** The first request has to say who the proxy is. */
  #meet({ node: bytes }: DiscoveryRequest): Refused | null {
    if (bytes === null) return invalid('the first request on a stream has to name its node');
    const outcome = readNode(bytes);
    if (outcome.kind === 'refused') return invalid(outcome.reason);
    const { node, identity: spoken } = outcome;
    const { connection, identity } = this.caller;
    const denied = identity === null ? null : this.#options.authorizeNode(node, identity);
    if (denied !== null) {
      const { remoteAddress: address } = connection;
      const rejection = { reason: 'denied', address, detail: denied, claimed: { node: node.id, identity } };
      this.#options.onEvent({ ...this.#about(), kind: 'rejected', ...rejection });
      return { code: status.PERMISSION_DENIED, reason: denied };
    }
    this.#peer = { node, identity: spoken };
    clearTimeout(this.#deadline);
    // Its next stream may reach another replica.
    const retire = (): void => this.leave(status.UNAVAILABLE, 'the stream has reached its age');
    this.#deadline = setTimeout(retire, this.#options.timers.streamAge * (0.9 + 0.2 * Math.random()));
    this.#options.onEvent({ ...this.#about(), kind: 'connected' });
    const feed = this.#options.provider.follow(node, (snapshot, changedAt) => {
      const now = performance.now();
      if (this.#state.latest !== null) this.#behind ??= { since: changedAt ?? now, responses: this.nonces.count };
      this.#guard(() => this.#dispatch({ kind: 'snapshot', snapshot, now }));
    });
    if (this.#closed) feed.close();
    else this.#feed = feed;
    return null;
  }

  /** Later requests may repeat the node, and then it has to be the same. */
  #recognize({ identity }: Peer, { node }: DiscoveryRequest): Refused | null {
    if (node === null || nodeIdentity(node) === identity) return null;
    return invalid('the node differs from that of the first request on this stream');
  }

  #dispatch(event: StreamEvent): void {
    if (this.#closed) return;
    const taken = this.#options.steps.take(this.#state, event);
    const { state, response, wakeAt, notes, exhausted } = taken;
    this.#state = state;
    if (exhausted !== null) this.end(status.RESOURCE_EXHAUSTED, exhausted);
    else {
      for (const note of notes) this.#report(note);
      this.#alarm.set(wakeAt);
      if (response !== null) this.#write(response, event.now);
      else this.#converge(taken);
      // Last, for a provider may answer a refusal with a new snapshot at once.
      for (const note of notes) this.#passOn(note);
      if (!this.#synced && taken.complete) {
        this.#synced = true;
        this.#options.onSynced();
      }
    }
  }

  /** Nothing else is written until the transport has taken this: what changes meanwhile is merged in the reducer. */
  #write(response: Response, since: number): void {
    const bytes = encodeResponse(response, this.nonces.next(response.typeUrl));
    this.#options.call.write(bytes, () => {
      this.#guard(() => this.#dispatch({ kind: 'drained', now: performance.now() }));
    });
    this.#options.onEvent({
      ...this.#about(),
      kind: 'pushed',
      type: response.kind,
      resources: response.resources.length,
      removed: response.removed.length,
      bytes: bytes.own.length + bytes.shared.length,
      took: performance.now() - since,
    });
  }

  /** Says so when the proxy has caught up. A refusal ends the wait: what is served next is another change. */
  #converge({ everything }: SharedStep): void {
    const behind = this.#behind;
    if (behind === null || !everything) return;
    this.#behind = null;
    if (this.nonces.count === behind.responses) return;
    this.#options.onEvent({ ...this.#about(), kind: 'converged', after: performance.now() - behind.since });
  }

  #report(note: Note): void {
    if (note.kind === 'answered' && note.answer === 'refused') this.#behind = null;
    this.#options.onEvent({ ...this.#about(), ...told(note) });
  }

  #passOn(note: Note): void {
    if (this.#peer === null) return;
    if (note.kind === 'clusterless' && this.#options.mayRestart(this.#peer.node)) {
      this.end(status.UNAVAILABLE, 'clusters were not asked for: start anew');
    }
    if (note.kind !== 'answered') return;
    const { type: kind, error: message, culprits, resources } = note;
    if (note.answer === 'refused') {
      this.refusedAt.set(kind, new Date());
      const own = culprits.filter((culprit) => this.#takenByOthers(kind, culprit));
      const shared = culprits.filter((culprit) => !own.includes(culprit));
      this.#feed?.refused({ kind, message, culprits: shared, own });
    }
    if (note.answer === 'acknowledged') this.#feed?.taken(kind, resources);
  }

  #takenByOthers(kind: ResourceKind, culprit: Culprit): boolean {
    const { latest } = this.#state;
    return [...this.#options.others()].some(
      (other) => other !== this && other.state.latest === latest && hasTaken(other.state, kind, culprit),
    );
  }

  #about(): { readonly node: string | null; readonly protocol: Protocol } {
    return { node: this.node?.id ?? null, protocol: this.#options.protocol };
  }

  #dispose(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#alarm.stop();
    this.#intake.close();
    clearTimeout(this.#deadline);
    this.#feed?.close();
    this.#options.onEvent({ ...this.#about(), kind: 'closed', reason });
    this.#options.onClosed(this);
  }
}
