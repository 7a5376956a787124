// A server that speaks TLS, and says whom it has spoken to.
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { TLSSocket } from 'node:tls';
import type { Issued } from './certificates.ts';

export interface TlsBackendOptions {
  readonly address: string;
  readonly port: number;
  readonly certificate: Issued;
  /** The CA that clients have to have a certificate of; without it they need none. */
  readonly clients?: string;
  /** The application protocols that it takes; `http/1.1` where nothing is said. */
  readonly protocols?: readonly string[];
}

/** What such a server says of a request: `client=… server=… protocol=…`, each as TLS has it. */
export function tlsAnswer(client: string, server: string, protocol: string): string {
  return `client=${client} server=${server} protocol=${protocol}`;
}

function answerTo(socket: TLSSocket): string {
  const { subjectaltname: client = 'nobody' } = socket.getPeerCertificate() ?? {};
  // The types leave out what the client has asked for.
  const { servername } = socket as TLSSocket & { readonly servername?: string | false };
  return tlsAnswer(client.replace('URI:', ''), servername || 'unnamed', socket.alpnProtocol || 'none');
}

/** Starts it; what is returned ends it. */
export async function startTlsBackend(options: TlsBackendOptions): Promise<() => Promise<void>> {
  const { address, port, certificate, clients, protocols = ['http/1.1'] } = options;
  const asksForClients = clients === undefined ? {} : { ca: clients, requestCert: true, rejectUnauthorized: true };
  const server = createServer(
    { cert: certificate.cert, key: certificate.key, ALPNProtocols: [...protocols], ...asksForClients },
    (request, response) => response.end(`${answerTo(request.socket as TLSSocket)}\n`),
  );
  server.listen(port, address);
  await once(server, 'listening');
  return async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
}
