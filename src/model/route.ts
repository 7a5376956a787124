// What happens to a request for a host: the routes that rules lay out, in our one vocabulary.
import type { Labels } from './endpoint.ts';
import type { Milliseconds } from './lb-policy.ts';
import type { ObjectId } from './object.ts';
import type { Origin } from './origin.ts';
import type { Subnet } from './service.ts';

/** What a text has to be. A regex is one of RE2, for the whole text. */
export interface TextMatch {
  readonly kind: 'exact' | 'prefix' | 'regex';
  readonly text: string;
}

/** `present`: whatever it is, as long as it is there. */
export type ValueMatch = TextMatch | { readonly kind: 'present' };

export interface ParameterMatch {
  readonly name: string;
  readonly value: ValueMatch;
}

export interface HeaderMatch extends ParameterMatch {
  /** Whether the header must not be so. */
  readonly negated: boolean;
}

/** The name of a gateway by which rules mean all sidecars. */
export const meshGateway = 'mesh';

/** Which clients something is for; null and no labels: all. */
export interface ClientMatch {
  /** The port that the client called. */
  readonly port: number | null;
  readonly labels: Labels;
  readonly namespace: string | null;
  /** Names of gateways, `mesh` for sidecars; null: those of the rule around it. */
  readonly gateways: readonly string[] | null;
}

/** All of it has to be so. */
export interface HttpMatch {
  readonly name: string;
  /** What Envoy counts such requests under; null: nothing of their own. */
  readonly statPrefix: string | null;
  /** Null: every path. */
  readonly path: TextMatch | null;
  readonly ignoreCase: boolean;
  /** In the order in which they are written out; `:method`, `:authority` and `:scheme` last. */
  readonly headers: readonly HeaderMatch[];
  readonly parameters: readonly ParameterMatch[];
  readonly client: ClientMatch;
  readonly origin: Origin;
}

/** A service, or one subset of it, that a rule names. */
export interface Destination {
  /** A full host name. */
  readonly host: string;
  /** Null: the port that the client called. */
  readonly port: number | null;
  readonly subset: string | null;
  readonly origin: Origin;
}

export interface HeaderValue {
  readonly name: string;
  /** In the form of Envoy's format strings. */
  readonly value: string;
}

export interface HeaderChanges {
  /** In the place of what is there. */
  readonly set: readonly HeaderValue[];
  /** Beside what is there. */
  readonly add: readonly HeaderValue[];
  readonly remove: readonly string[];
}

export interface HeaderRules {
  readonly request: HeaderChanges;
  readonly response: HeaderChanges;
  /** The new `:authority`; null: it stays. */
  readonly authority: string | null;
}

export interface Share {
  readonly destination: Destination;
  readonly weight: number;
  readonly headers: HeaderRules | null;
}

export interface Mirror {
  readonly destination: Destination;
  /** 0 to 100, with decimals. */
  readonly percent: number;
}

/** `uri`: what has matched is replaced, the whole path or its prefix. */
export type PathRewrite =
  | { readonly kind: 'uri'; readonly uri: string }
  | { readonly kind: 'regex'; readonly pattern: string; readonly substitution: string };

export interface Rewrite {
  readonly path: PathRewrite | null;
  readonly authority: string | null;
}

export interface Retries {
  /** 0: none at all. */
  readonly attempts: number;
  readonly perTryTimeout: Milliseconds | null;
  /** Envoy's words for what is tried again; null: the default ones. */
  readonly conditions: readonly string[] | null;
  readonly statusCodes: readonly number[];
  readonly backoff: Milliseconds | null;
  /** Whether another locality is tried then. */
  readonly otherLocalities: boolean;
  /** Whether endpoints that were tried are passed over; null: as is usual. */
  readonly ignorePrevious: boolean | null;
}

/** Where requests go. */
export interface Shares {
  readonly kind: 'forward';
  /** Never empty; the weights of several add up to more than 0. */
  readonly shares: readonly Share[];
  /** Whether hash keys decide the share too, so that a client stays with one of several destinations. */
  readonly sticky: boolean;
}

/** How they are sent there. */
export interface Forwarding {
  readonly rewrite: Rewrite | null;
  /** Null: none. */
  readonly timeout: Milliseconds | null;
  /** Null: the default ones. */
  readonly retries: Retries | null;
  readonly mirrors: readonly Mirror[];
}

export type Forward = Shares & Forwarding;

/** `request`: the port that the client called; `protocol`: that of the scheme. */
export type RedirectPort =
  | { readonly kind: 'number'; readonly number: number }
  | { readonly kind: 'request' }
  | { readonly kind: 'protocol' };

export type RedirectStatus = 301 | 302 | 303 | 307 | 308;

export interface Redirect {
  readonly kind: 'redirect';
  readonly path: { readonly kind: 'whole' | 'prefix'; readonly text: string } | null;
  readonly authority: string | null;
  readonly scheme: string | null;
  readonly port: RedirectPort | null;
  readonly status: RedirectStatus;
}

/** `base64`: bytes that need not be text. */
export interface Body {
  readonly kind: 'text' | 'base64';
  readonly content: string;
}

export interface DirectResponse {
  readonly kind: 'direct-response';
  readonly status: number;
  readonly body: Body | null;
}

/** What is written cannot be done: such requests are answered with 503, and go nowhere else. */
export interface Invalid {
  readonly kind: 'invalid';
}

export type HttpAction = Forward | Redirect | DirectResponse | Invalid;

/** Percentages from 0 to 100, with decimals. */
export interface Fault {
  readonly delay: { readonly fixed: Milliseconds; readonly percent: number } | null;
  readonly abort: { readonly kind: 'http' | 'grpc'; readonly status: number; readonly percent: number } | null;
}

export interface Cors {
  readonly origins: readonly TextMatch[];
  readonly methods: readonly string[];
  readonly allowHeaders: readonly string[];
  readonly exposeHeaders: readonly string[];
  /** Null: clients decide. */
  readonly maxAge: Milliseconds | null;
  readonly credentials: boolean | null;
  /** Whether a preflight of another origin goes on to the service. */
  readonly forwardUnmatched: boolean;
}

/** What applies to a route besides its action. */
export interface RouteExtras {
  readonly fault: Fault | null;
  readonly cors: Cors | null;
  readonly headers: HeaderRules | null;
}

export interface HttpRoute extends RouteExtras {
  readonly name: string;
  /** Never empty; one of them has to match. */
  readonly matches: readonly HttpMatch[];
  readonly action: HttpAction;
  /** The rule around it, and where it is written in it. */
  readonly origin: Origin;
}

/** A route with one of its matches: as Envoy has them. */
export interface RouteEntry {
  readonly route: HttpRoute;
  readonly match: HttpMatch;
}

/** All of it has to be so; empty lists and null leave it open. */
export interface ConnectionMatch {
  /** The server names that TLS clients ask for; a wildcard may stand first. */
  readonly serverNames: readonly string[];
  /** Where the connection goes to. */
  readonly subnets: readonly Subnet[];
  /** Where it comes from. */
  readonly source: Subnet | null;
  readonly client: ClientMatch;
  readonly origin: Origin;
}

export interface ConnectionShare {
  readonly destination: Destination;
  readonly weight: number;
}

/** A route for connections whose bytes are passed on as they are. `tls`: by what TLS clients say first. */
export interface ConnectionRoute {
  readonly kind: 'tcp' | 'tls';
  readonly matches: readonly ConnectionMatch[];
  /** Empty: what is written cannot be done, and such connections end. */
  readonly shares: readonly ConnectionShare[];
  readonly origin: Origin;
}

export interface ConnectionEntry {
  readonly route: ConnectionRoute;
  readonly match: ConnectionMatch;
}

/** What the rules for one host come to. */
export interface HostRoutes {
  /** In the order in which they are tried; what every request matches comes last. */
  readonly entries: readonly RouteEntry[];
  /** Routes for connections, in the order in which they are tried. */
  readonly connections: readonly ConnectionEntry[];
  /** The rules behind it, in their order. */
  readonly rules: readonly ObjectId[];
}

/** Which routes a client has depends on its namespace. */
export interface RouteChoice {
  /** For clients in namespaces that `byNamespace` does not name; null: no rule. */
  readonly otherwise: HostRoutes | null;
  readonly byNamespace: ReadonlyMap<string, HostRoutes>;
  /** Where the host is no service's: the ports on which it is known. */
  readonly ports: readonly number[];
}

/** The routes that a client in `namespace` has; null: no rule says anything. */
export function routesFor(choice: RouteChoice | undefined, namespace: string): HostRoutes | null {
  return choice?.byNamespace.get(namespace) ?? choice?.otherwise ?? null;
}

/** Whether every request matches, whoever sends it. */
export function matchesAll(match: HttpMatch): boolean {
  const { path, headers, parameters } = match;
  const everyPath =
    path === null || (path.kind === 'prefix' && path.text === '/') || (path.kind === 'regex' && path.text === '.*');
  return everyPath && headers.length === 0 && parameters.length === 0;
}
