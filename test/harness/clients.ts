// Clients that no server may serve, each with what it has to be told.
import { type Issued, type Request, selfSigned, TestCa, uri, workload } from './certificates.ts';

export interface RefusedClient {
  readonly what: string;
  /** Null: it shows no certificate. */
  readonly certificate: Issued | null;
  /** Part of the reason that it is told. */
  readonly reason: string;
}

const minute = 60_000;

/** The first one is the one to revoke. */
export async function refusedClients(ca: TestCa): Promise<readonly [RefusedClient, ...RefusedClient[]]> {
  const good = workload('shop', 'web');
  const other = await TestCa.create();
  const refused = async (what: string, request: Request, reason: string): Promise<RefusedClient> => ({
    what,
    certificate: await ca.issue(request),
    reason,
  });
  const two = [...(good.names ?? []), uri('spiffe://cluster.local/ns/shop/sa/db')];
  const foreign = 'spiffe://cluster.local/ns/shop/sa/web?admin';
  return [
    await refused('a revoked one', good, 'is revoked'),
    { what: 'none', certificate: null, reason: 'a client certificate is required' },
    { what: 'a self-signed one', certificate: await selfSigned(good), reason: 'is self-signed' },
    { what: 'one of another CA of the same name', certificate: await other.issue(good), reason: 'does not hold' },
    {
      what: 'one of another CA',
      certificate: await (await TestCa.create('CN=Other')).issue(good),
      reason: 'not from a CA that is trusted',
    },
    await refused('an expired one', { ...good, from: -2 * minute, to: -minute }, 'has expired'),
    await refused('one that is not valid yet', { ...good, from: 10 * minute }, 'is not valid yet'),
    await refused('one for servers', { ...good, usages: ['server'] }, 'no clientAuth'),
    await refused('one of a CA', { ...good, isCa: true }, 'signs others'),
    await refused('one without names', {}, 'has 0 URI names'),
    await refused('one with a DNS name only', { names: [{ type: 'dns', value: 'web' }] }, 'has 0 URI names'),
    await refused('one with two URIs', { names: two }, 'has 2 URI names'),
    await refused(
      'one with a URI that is no SPIFFE id',
      { names: [uri('https://web')] },
      'does not begin with spiffe://',
    ),
    await refused('one with an id that is not valid', { names: [uri(foreign)] }, 'the standard does not allow'),
    await refused(
      'one with an id that is no workload',
      { names: [uri('spiffe://cluster.local/x')] },
      'is not of the form',
    ),
    await refused(
      'one of another trust domain',
      workload('shop', 'web', 'other.example'),
      'trust domain other.example',
    ),
  ];
}
