// The xDS server as the command line asks for it: in plain text, over mutual TLS, or both.
import type { ControlPlane } from '../../control-plane.ts';
import { authorizeNode } from '../../identity/authorize-node.ts';
import { startXdsServer, type XdsServer, type XdsServerOptions } from '../../xds/server.ts';
import { certificateMethods } from '../../xds/services/certificates.ts';
import type { AuthorizeNode } from '../../xds/session.ts';
import { type Address, formatAddress } from './address.ts';
import { type Asked, opening } from './opening.ts';
import type { Tls } from './tls.ts';

export interface StartedXds extends XdsServer {
  /** `xds=HOST:PORT xds-tls=HOST:PORT`, of these what is open. */
  readonly where: string;
}

/** Throws UsageError where an address cannot be had. */
export async function startXds(
  plain: Address | null,
  tls: Tls | null,
  {
    controlPlane,
    ...more
  }: Pick<XdsServerOptions, 'ready' | 'onEvent' | 'services'> & { readonly controlPlane: ControlPlane },
): Promise<StartedXds> {
  const parts = { ...more, provider: controlPlane, ...(plain ?? { port: null }) };
  const options = tls === null ? parts : { ...parts, ...securedBy(tls, controlPlane) };
  const [first, ...others] = askedFor(plain, tls);
  if (first === undefined) throw new Error('there is neither plain text nor TLS to listen on');
  const server = await opening([first, ...others], () => startXdsServer(options));
  const { host, port, tlsPort } = server;
  const open = [
    ...(plain === null ? [] : [`xds=${formatAddress({ host, port })}`]),
    ...(tls === null || tlsPort === null ? [] : [`xds-tls=${formatAddress({ ...tls.address, port: tlsPort })}`]),
  ];
  return { ...server, where: open.join(' ') };
}

function securedBy({ address, material, authenticator, desk }: Tls, controlPlane: ControlPlane) {
  const authorize: AuthorizeNode = (node, identity) => authorizeNode(node, identity, controlPlane.workloadOf(node));
  const tokenMethods = desk === null ? [] : certificateMethods;
  return { tls: { ...address, material }, authenticator, authorizeNode: authorize, tokenMethods };
}

function askedFor(plain: Address | null, tls: Tls | null): readonly Asked[] {
  return [
    ...(plain === null ? [] : [['--xds-address', plain] as const]),
    ...(tls === null ? [] : [['--xds-tls-address', tls.address] as const]),
  ];
}
