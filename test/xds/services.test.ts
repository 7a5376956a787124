// What is served beside ADS: by grpc-js behind the server's own port, with one authentication for everything; and TLS.
import { once } from 'node:events';
import { createServer } from 'node:net';
import {
  Client,
  credentials,
  Metadata,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServiceError,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import { expect, onTestFinished, test } from 'vitest';
import type { Authenticator } from '../../src/xds/authenticator.ts';
import type { ServerParts, ServiceContext } from '../../src/xds/server.ts';
import type { XdsService } from '../../src/xds/transport/relay.ts';
import { TestCa, workload } from '../harness/certificates.ts';
import { inWorld } from './world.ts';

const pass = (bytes: Buffer): Buffer => bytes;
const serialization = {
  requestSerialize: pass,
  requestDeserialize: pass,
  responseSerialize: pass,
  responseDeserialize: pass,
};
const method = (name: string, streams: boolean) => ({
  path: `/test.Echo/${name}`,
  requestStream: streams,
  responseStream: streams,
  ...serialization,
});

/** Says back what it is told, who has told it, and under which headers. */
function echo({ callerOf }: ServiceContext): readonly XdsService[] {
  const once = (call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>): void => {
    const trailers = new Metadata();
    trailers.set('said', call.metadata.get('say').join());
    if (call.request.length === 0) callback({ code: status.NOT_FOUND, details: 'nothing: ü%' }, null, trailers);
    else callback(null, Buffer.from(`${call.request} ${JSON.stringify(callerOf(call.metadata)?.identity)}`), trailers);
  };
  const all = (call: ServerDuplexStream<Buffer, Buffer>): void => {
    call.on('data', (bytes: Buffer) => {
      if (!call.write(bytes)) call.pause();
    });
    call.on('drain', () => call.resume());
    call.on('end', () => call.end());
  };
  return [
    {
      definition: { Once: method('Once', false), All: method('All', true) },
      implementation: { Once: once, All: all },
    },
  ];
}

interface Answer {
  readonly error: ServiceError | null;
  readonly text: string;
  readonly trailers: Metadata | undefined;
}

function ask(
  client: Client,
  path: string,
  bytes: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(headers)) metadata.set(key, value);
  return new Promise((resolve) => {
    let trailers: Metadata | undefined;
    const call = client.makeUnaryRequest(path, pass, pass, Buffer.from(bytes), metadata, (error, value) => {
      setImmediate(() => resolve({ error, text: String(value ?? ''), trailers: error?.metadata ?? trailers }));
    });
    call.on('status', (end) => {
      trailers = end.metadata;
    });
  });
}

/** A client of a server with the service above. */
async function withEcho(
  run: (client: Client) => Promise<void>,
  options: Partial<ServerParts> & { readonly authenticator?: Authenticator } = {},
): Promise<void> {
  await inWorld(
    'delta',
    async ({ server }) => {
      const client = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure());
      onTestFinished(() => client.close());
      await run(client);
    },
    {},
    { services: echo, ...options },
  );
}

const namespace: Authenticator = ({ remoteAddress }) => ({
  kind: 'accepted',
  identity: { trustDomain: 'test', namespace: remoteAddress, serviceAccount: 'web' },
});

test('a service beside ADS is answered, with its trailers and with who the caller is', () =>
  withEcho(
    async (client) => {
      const { error, text, trailers } = await ask(client, '/test.Echo/Once', 'hello', { say: 'this' });
      expect([error, trailers?.get('said')]).toEqual([null, ['this']]);
      expect(text).toBe('hello {"trustDomain":"test","namespace":"127.0.0.1","serviceAccount":"web"}');
    },
    { authenticator: namespace },
  ));

test('a service beside ADS ends with its own status', () =>
  withEcho(async (client) => {
    const { error } = await ask(client, '/test.Echo/Once', '');
    expect([error?.code, error?.details]).toEqual([status.NOT_FOUND, 'nothing: ü%']);
  }));

test('nobody becomes another caller by a header', () =>
  withEcho(async (client) => {
    const { text } = await ask(client, '/test.Echo/Once', 'hello', { 'sluice-caller': 'somebody' });
    expect(text).toBe('hello null');
  }));

test('a method that nobody has is UNIMPLEMENTED', () =>
  withEcho(async (client) => {
    for (const path of ['/test.Echo/None', '/none.Service/None']) {
      expect((await ask(client, path, 'x')).error?.code).toBe(status.UNIMPLEMENTED);
    }
  }));

test('a stream beside ADS carries more than the windows hold, and ends when the client does', () =>
  withEcho(async (client) => {
    const call = client.makeBidiStreamRequest('/test.Echo/All', pass, pass);
    const part = Buffer.alloc(1 << 20, 'x');
    let received = 0;
    call.on('data', (bytes: Buffer) => {
      received += bytes.length;
    });
    for (let sent = 0; sent < 8; sent += 1) call.write(part);
    call.end();
    const [end] = (await once(call, 'status')) as [{ readonly code: status }];
    expect([end.code, received]).toEqual([status.OK, 8 << 20]);
  }));

const adsMethods = ['StreamAggregatedResources', 'DeltaAggregatedResources'].map(
  (name) => `/envoy.service.discovery.v3.AggregatedDiscoveryService/${name}`,
);

test('S-01: who is not authenticated gets no further than UNAUTHENTICATED, whatever the method', () =>
  withEcho(
    async (client) => {
      for (const path of [...adsMethods, '/test.Echo/Once', '/test.Echo/All', '/none.Service/None']) {
        const { error } = await ask(client, path, 'no message at all');
        expect([path, error?.code, error?.details]).toEqual([path, status.UNAUTHENTICATED, 'show yourself']);
      }
    },
    { authenticator: () => ({ kind: 'refused', reason: 'show yourself' }) },
  ));

test('R-36: a fault of the authenticator ends the stream and nothing else', () => {
  let faults = 0;
  return withEcho(
    async (client) => {
      expect((await ask(client, '/test.Echo/Once', 'x')).error).not.toBe(null);
      expect((await ask(client, '/test.Echo/Once', 'x')).error).toBe(null);
    },
    {
      authenticator: () => {
        faults += 1;
        if (faults === 1) throw new Error('a fault');
        return { kind: 'accepted', identity: null };
      },
    },
  );
});

test('S-03: a node that its identity may not be is PERMISSION_DENIED', () =>
  inWorld(
    'delta',
    async ({ connect, provider }) => {
      const client = connect({ node: { id: 'sidecar~10.0.0.1~web.shop~x' } });
      client.subscribe('cluster');
      const { code, details } = await client.ended;
      expect([code, details]).toEqual([status.PERMISSION_DENIED, 'shop is not 127.0.0.1']);
      expect(provider.nodes).toEqual([]);
    },
    {},
    {
      authenticator: namespace,
      authorizeNode: (node, identity) => `${node.namespace} is not ${identity.namespace}`,
    },
  ));

/** What the authenticator sees of a client that shows a certificate of `issuer`; null: it shows none. */
async function seen(issuer: TestCa | 'own' | null): Promise<string> {
  const ca = await TestCa.create();
  const own = await ca.issue({
    names: [
      { type: 'dns', value: 'localhost' },
      { type: 'ip', value: '127.0.0.1' },
    ],
  });
  const leaf = issuer === null ? null : await (issuer === 'own' ? ca : issuer).issue(workload('shop', 'web'));
  const material = {
    options: () => ({ cert: own.cert, key: own.key, ca: ca.cert }),
    lapsed: () => 0,
    onChange: () => () => {},
  };
  let text = '';
  await inWorld(
    'delta',
    async ({ server }) => {
      const key = leaf === null ? null : Buffer.from(leaf.key);
      const cert = leaf === null ? null : Buffer.from(leaf.cert);
      const secure = credentials.createSsl(Buffer.from(ca.cert), key, cert);
      const client = new Client(`127.0.0.1:${server.tlsPort}`, secure);
      expect((await ask(client, '/test.Echo/Once', 'x')).error?.code).toBe(status.UNAUTHENTICATED);
      client.close();
    },
    {},
    {
      tls: { host: '127.0.0.1', port: 0, material },
      authenticator: ({ tls }) => {
        text = `${tls?.certificate?.subjectAltName ?? 'none'} ${tls?.error}`;
        return { kind: 'refused', reason: 'seen' };
      },
    },
  );
  return text;
}

test('S-02: the authenticator sees the certificate of a client, and whether its chain holds', async () => {
  expect(await seen(null)).toBe('none null');
  const uri = 'URI:spiffe://cluster.local/ns/shop/sa/web';
  expect(await seen('own')).toBe(`${uri} null`);
  const foreign = await seen(await TestCa.create('CN=Another CA'));
  expect(foreign.startsWith(uri) && !foreign.endsWith(' null')).toBe(true);
});

test('new certificates are used by the next connection', async () => {
  const ca = await TestCa.create();
  const names = [{ type: 'ip', value: '127.0.0.1' }] as const;
  const [first, second] = [await ca.issue({ names }), await ca.issue({ names })];
  let current = first;
  const listeners = new Set<() => void>();
  const material = {
    options: () => ({ cert: current.cert, key: current.key, ca: ca.cert }),
    lapsed: () => 0,
    onChange: (listener: () => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  await inWorld(
    'delta',
    async ({ server }) => {
      const serial = async (): Promise<string> => {
        const { connect } = await import('node:tls');
        const socket = connect({ port: server.tlsPort ?? 0, host: '127.0.0.1', ca: ca.cert, ALPNProtocols: ['h2'] });
        await once(socket, 'secureConnect');
        const { serialNumber } = socket.getPeerCertificate();
        socket.destroy();
        return serialNumber.toLowerCase();
      };
      expect(await serial()).toBe(first.serialNumber.toLowerCase());
      current = second;
      for (const listener of listeners) listener();
      expect(await serial()).toBe(second.serialNumber.toLowerCase());
    },
    {},
    { tls: { host: '127.0.0.1', port: 0, material }, authenticator: namespace },
  );
});

test('where the port for TLS is taken the other one is given up as well', async () => {
  const blocker = createServer().listen(0, '127.0.0.1');
  await once(blocker, 'listening');
  const { port } = blocker.address() as { readonly port: number };
  const ca = await TestCa.create();
  const { cert, key } = await ca.issue({});
  const material = { options: () => ({ cert, key, ca: ca.cert }), lapsed: () => 0, onChange: () => () => {} };
  const world = inWorld(
    'delta',
    async () => {},
    {},
    {
      tls: { host: '127.0.0.1', port, material },
      authenticator: namespace,
    },
  );
  await expect(world).rejects.toMatchObject({ code: 'EADDRINUSE' });
  blocker.close();
});
