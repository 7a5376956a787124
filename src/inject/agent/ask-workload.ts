// Asks the workload for the kubelet: what its containers' probes said before they went by way of the agent.
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { connect as http2Connect } from 'node:http2';
import { request as httpsRequest } from 'node:https';
import { createConnection, isIP, type Socket } from 'node:net';
import { service } from 'grpc-health-check';
import type { ProbeAction } from '../../crds/pod-template.ts';
import type { AppProbe } from '../pod/probes.ts';

export interface Workload {
  /** The pod's address. */
  readonly ip: string;
  /** From where it is called, so that capture lets the call through; null: from anywhere. */
  readonly from: string | null;
}

type Action<K extends ProbeAction['kind']> = Extract<ProbeAction, { kind: K }>;
type Ask<K extends ProbeAction['kind']> = (
  action: Action<K>,
  workload: Workload,
  signal: AbortSignal,
) => Promise<number>;

const askers: { readonly [K in ProbeAction['kind']]: Ask<K> } = {
  http: askHttp,
  tcp: async ({ port }, workload, signal) => {
    const socket = dial(port, workload);
    try {
      await once(socket, 'connect', { signal });
      return 200;
    } finally {
      socket.destroy();
    }
  },
  grpc: askGrpc,
};

/** The HTTP status that answers a probe: the workload's own, 200 where it is well, 500 where it cannot be reached in time. */
export async function askWorkload({ action, timeoutSeconds }: AppProbe, workload: Workload): Promise<number> {
  const ask = askers[action.kind] as Ask<ProbeAction['kind']>;
  try {
    return await ask(action as never, workload, AbortSignal.timeout(timeoutSeconds * 1000));
  } catch {
    return 500;
  }
}

function dial(port: number, { ip, from }: Workload): Socket {
  return createConnection({ host: ip, port, ...(from !== null && { localAddress: from }) });
}

/** As the kubelet does: any certificate will do, and an answer that leads elsewhere is a good one. */
async function askHttp(action: Action<'http'>, { ip, from }: Workload, signal: AbortSignal): Promise<number> {
  const { port, path, tls, headers } = action;
  const host = headers.find(({ name }) => name.toLowerCase() === 'host')?.value;
  const others = headers.filter(({ name }) => name.toLowerCase() !== 'host');
  const request = (tls ? httpsRequest : httpRequest)({
    ...{ host: ip, port, path: path.startsWith('/') ? path : `/${path}`, signal, agent: false },
    ...(from !== null && { localAddress: from }),
    ...(tls && { rejectUnauthorized: false }),
    headers: {
      'user-agent': 'kube-probe/sluice',
      ...Object.fromEntries(others.map(({ name, value }) => [name, value])),
      host: host ?? (isIP(ip) === 6 ? `[${ip}]:${port}` : `${ip}:${port}`),
      connection: 'close',
    },
  });
  request.end();
  const [response] = await once(request, 'response', { signal });
  response.destroy();
  return response.statusCode;
}

/** One call of grpc.health.v1.Health/Check, whose frames are a flag, a length and the message. */
async function askGrpc(
  { port, service: name }: Action<'grpc'>,
  workload: Workload,
  signal: AbortSignal,
): Promise<number> {
  const session = http2Connect('http://workload', { createConnection: () => dial(port, workload) });
  const failed = new Promise<never>((_, reject) => {
    session.on('error', reject);
    signal.addEventListener('abort', () => reject(signal.reason));
  });
  try {
    return await Promise.race([check(session, name), failed]);
  } finally {
    session.destroy();
  }
}

/** Its library gives no types for methods. */
interface CheckMethod {
  readonly path: string;
  requestSerialize(request: { readonly service: string }): Buffer;
  responseDeserialize(bytes: Buffer): { readonly status: string };
}
const checkMethod = service['Check'] as unknown as CheckMethod;

async function check(session: ReturnType<typeof http2Connect>, name: string): Promise<number> {
  const message = checkMethod.requestSerialize({ service: name });
  const frame = Buffer.alloc(5);
  frame.writeUInt32BE(message.length, 1);
  const stream = session.request({
    ...{ ':method': 'POST', ':path': checkMethod.path },
    ...{ 'content-type': 'application/grpc', te: 'trailers' },
  });
  stream.end(Buffer.concat([frame, message]));
  const parts: Buffer[] = [];
  for await (const part of stream as AsyncIterable<Buffer>) parts.push(part);
  const { status } = checkMethod.responseDeserialize(Buffer.concat(parts).subarray(5));
  return status === 'SERVING' ? 200 : 503;
}
