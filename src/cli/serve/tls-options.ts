// Options of `sluice serve` about TLS: where it listens, and where its certificates come from.
import { type Command, Option } from 'commander';
import { clusterDomain, systemNamespace } from '../../model/names.ts';
import { UsageError } from '../command.ts';
import { type NamespacedName, parseDuration, parseNamespacedName } from '../options.ts';
import { type Address, parseAddress } from './address.ts';

export interface TlsFlags {
  readonly tlsDir?: string;
  readonly caDir?: string;
  readonly caSecret?: NamespacedName;
  readonly serverName?: readonly string[];
  readonly certificateLifetime?: number;
  readonly tokenKeys?: string;
  readonly tokenIssuer?: string;
  readonly tokenAudience?: readonly string[];
  readonly xdsTlsAddress?: Address;
  readonly trustDomain?: readonly string[];
}

export interface KeyFile {
  /** A file with the public keys of whoever issues them. */
  readonly keys: string;
  readonly issuer: string;
}

export interface TokenOptions {
  /** By whom tokens are checked: with a file of keys, or by the Kubernetes API. */
  readonly by: KeyFile | 'api';
  readonly audiences: readonly string[];
}

/** Where the files of a CA are kept. */
export type CaPlace =
  | { readonly kind: 'folder'; readonly path: string }
  | ({ readonly kind: 'secret' } & NamespacedName);

export interface CaOptions {
  readonly place: CaPlace;
  /** DNS names or addresses of the control plane. */
  readonly serverNames: readonly string[];
  /** The longest life of a certificate, in milliseconds; null: as is usual. */
  readonly lifetime: number | null;
  /** Null: workloads have to have a certificate already. */
  readonly tokens: TokenOptions | null;
}

export interface TlsOptions {
  readonly certificates: { readonly kind: 'folder'; readonly folder: string } | ({ readonly kind: 'ca' } & CaOptions);
  readonly address: Address;
  /** Whose identities are accepted; the first one is the mesh's own. Null: as MeshConfig says. */
  readonly trustDomains: readonly string[] | null;
}

/** For other machines: nobody without a certificate gets anything there. */
const tlsAddress = '0.0.0.0:15012';
const usualAudience = 'istio-ca';
const usualNames = [`sluice.${systemNamespace}.svc`, `sluice.${systemNamespace}.svc.${clusterDomain}`];

/** Adds the options to the command. */
export function addTlsOptions(command: Command): Command {
  return command
    .option('--tls-dir <path>', 'a folder with tls.crt, tls.key, ca.crt and maybe ca.crl, watched: turns mutual TLS on')
    .option(
      '--ca-dir <path>',
      'a folder with ca-cert.pem, ca-key.pem, root-cert.pem and maybe cert-chain.pem, watched; a CA is made where it has ' +
        'none: turns mutual TLS on, and signs certificates of workloads',
    )
    .addOption(
      new Option(
        '--ca-secret <namespace/name>',
        'the same in a Secret, which is made where there is none: what several replicas sign with',
      ).argParser(parseNamespacedName),
    )
    .option(
      '--server-name <name...>',
      `DNS names or addresses of the control plane, with --ca-dir (default: ${usualNames.join(' ')})`,
    )
    .addOption(
      new Option(
        '--certificate-lifetime <duration>',
        'the longest life of a certificate, such as 90m, with --ca-dir (default: 24h)',
      ).argParser(parseDuration),
    )
    .option(
      '--token-keys <path>',
      "public keys (PEM) of whoever issues service accounts' tokens: those get certificates; with --kube the API is asked",
    )
    .option('--token-issuer <url>', 'who issues them, as it stands in them')
    .option('--token-audience <name...>', `whom they are for, as it stands in them (default: ${usualAudience})`)
    .addOption(
      new Option(
        '--xds-tls-address <host:port>',
        `where proxies connect over mutual TLS (default: ${tlsAddress})`,
      ).argParser(parseAddress),
    )
    .option(
      '--trust-domain <name...>',
      `whose identities are accepted over TLS (default: as MeshConfig says, else ${clusterDomain})`,
    );
}

/** Null: no TLS. `kube`: whether there is a Kubernetes API. Throws UsageError for options that do not go together. */
export function tlsOptions(flags: TlsFlags, kube: boolean): TlsOptions | null {
  const { tlsDir, xdsTlsAddress, trustDomain } = flags;
  const place = caPlace(flags, kube);
  if (tlsDir !== undefined && place !== null) {
    throw new UsageError('--tls-dir and a CA are two sources of one certificate: choose one');
  }
  const lonely = place === null ? aloneOf(flags, caFlags) : null;
  if (lonely !== null) {
    throw new UsageError(`${lonely} is of use with --ca-dir or --ca-secret only: nothing is signed without a CA`);
  }
  const certificates =
    place !== null
      ? ({ kind: 'ca', ...caOptions(flags, place, kube) } as const)
      : tlsDir !== undefined
        ? ({ kind: 'folder', folder: tlsDir } as const)
        : null;
  if (certificates !== null) {
    return { certificates, address: xdsTlsAddress ?? parseAddress(tlsAddress), trustDomains: trustDomain ?? null };
  }
  const alone = aloneOf(flags, { '--xds-tls-address': 'xdsTlsAddress', '--trust-domain': 'trustDomain' });
  if (alone !== null)
    throw new UsageError(`${alone} is of use with --tls-dir, --ca-dir or --ca-secret only: there are no certificates`);
  return null;
}

const caFlags = {
  '--server-name': 'serverName',
  '--certificate-lifetime': 'certificateLifetime',
  '--token-keys': 'tokenKeys',
  '--token-issuer': 'tokenIssuer',
  '--token-audience': 'tokenAudience',
} as const;

function aloneOf(flags: TlsFlags, names: Readonly<Record<string, keyof TlsFlags>>): string | null {
  return Object.entries(names).find(([, name]) => flags[name] !== undefined)?.[0] ?? null;
}

function caPlace({ caDir, caSecret }: TlsFlags, kube: boolean): CaPlace | null {
  if (caDir !== undefined && caSecret !== undefined) {
    throw new UsageError('--ca-dir and --ca-secret are two places of one CA: choose one');
  }
  if (caSecret !== undefined && !kube) throw new UsageError('--ca-secret is of use with --kube only');
  if (caSecret !== undefined) return { kind: 'secret', ...caSecret };
  return caDir === undefined ? null : { kind: 'folder', path: caDir };
}

function caOptions(flags: TlsFlags, place: CaPlace, kube: boolean): CaOptions {
  const { serverName = usualNames, certificateLifetime: lifetime = null } = flags;
  return { place, serverNames: serverName, lifetime, tokens: tokenOptions(flags, kube) };
}

function tokenOptions({ tokenKeys, tokenIssuer, tokenAudience }: TlsFlags, kube: boolean): TokenOptions | null {
  const audiences = tokenAudience ?? [usualAudience];
  if (kube && tokenKeys === undefined && tokenIssuer === undefined) return { by: 'api', audiences };
  if (tokenKeys === undefined && tokenIssuer === undefined && tokenAudience === undefined) return null;
  if (tokenKeys === undefined || tokenIssuer === undefined) {
    throw new UsageError('tokens are checked with --token-keys and --token-issuer: both are required');
  }
  return { by: { keys: tokenKeys, issuer: tokenIssuer }, audiences };
}
