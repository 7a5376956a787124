// Which protocol a service port speaks, from what its author wrote.
import type { Protocol } from '../../model/service.ts';

/** The words for what a port speaks. */
export const protocolWords: Readonly<Record<string, Protocol>> = {
  http: 'http',
  https: 'tls',
  http2: 'http2',
  grpc: 'grpc',
  'grpc-web': 'grpc',
  tcp: 'tcp',
  tls: 'tls',
  mongo: 'tcp',
  redis: 'tcp',
  mysql: 'tcp',
};
const byAppProtocol: Readonly<Record<string, Protocol>> = {
  ...protocolWords,
  'kubernetes.io/h2c': 'http2',
  'kubernetes.io/ws': 'http',
  'kubernetes.io/wss': 'tls',
};
const byNamePrefix: Readonly<Record<string, Protocol>> = { ...byAppProtocol, udp: 'udp' };
/** Ports whose server speaks first, so that waiting for the client's first bytes would hang: SMTP, DNS, MySQL, MongoDB. */
const serverSpeaksFirst: ReadonlySet<number> = new Set([25, 53, 3306, 27017]);

export interface PortFacts {
  readonly name: string;
  readonly number: number;
  readonly appProtocol: string | null;
  readonly transport: 'TCP' | 'UDP' | 'SCTP';
}

/** The protocol: appProtocol, else the port name up to the first dash, else well-known numbers, else found out. */
export function protocolOf({ name, number, appProtocol, transport }: PortFacts): Protocol {
  if (transport !== 'TCP') return 'udp';
  const explicit = own(byAppProtocol, appProtocol?.toLowerCase() ?? '');
  if (explicit !== undefined) return explicit;
  const lower = name.toLowerCase();
  if (lower === 'grpc-web' || lower.startsWith('grpc-web-')) return 'grpc';
  const named = own(byNamePrefix, lower.split('-', 1)[0] ?? '');
  if (named !== undefined) return named;
  return serverSpeaksFirst.has(number) ? 'tcp' : 'auto';
}

function own(table: Readonly<Record<string, Protocol>>, key: string): Protocol | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
