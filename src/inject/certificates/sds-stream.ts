// What one stream of SDS is sent, as state of the world or as differences (envoy.service.secret.v3.SecretDiscoveryService).
import { type Secret, secretNames, secretType } from './secrets.ts';

type Secrets = ReadonlyMap<string, Secret>;

/** envoy.service.discovery.v3.DiscoveryRequest, as far as it is read. */
export interface FullRequest {
  readonly resource_names: readonly string[];
  readonly response_nonce: string;
  readonly error_detail: { readonly message: string } | null;
}

/** envoy.service.discovery.v3.DeltaDiscoveryRequest, as far as it is read. */
export interface DeltaRequest {
  readonly resource_names_subscribe: readonly string[];
  readonly resource_names_unsubscribe: readonly string[];
  readonly initial_resource_versions: Readonly<Record<string, string>>;
  readonly error_detail: { readonly message: string } | null;
}

/** Answers the requests of one stream. Null: there is nothing to send. */
export interface SdsStream<Request> {
  request(request: Request, secrets: Secrets): object | null;
  /** The secrets are others. */
  change(secrets: Secrets): object | null;
}

/** google.protobuf.Any, whose type is protobufjs' own. */
const any = ({ bytes }: Secret) => ({ typeUrl: secretType, value: bytes });

/** A name that is not there yet is not answered: whoever waits for it is served when it comes. */
export function fullStream(): SdsStream<FullRequest> {
  let names: readonly string[] = [];
  let [sent, count] = ['', 0];
  const offer = (secrets: Secrets): object | null => {
    const found = names.flatMap((name) => secrets.get(name) ?? []);
    const version = found.map((each) => each.version).join('-');
    if (found.length === 0 || version === sent) return null;
    sent = version;
    count += 1;
    return { version_info: version, type_url: secretType, nonce: String(count), resources: found.map(any) };
  };
  return {
    request({ resource_names, response_nonce }, secrets) {
      if (response_nonce !== '' && response_nonce !== String(count)) return null;
      // The first request of a stream, or other names.
      if (response_nonce === '' || resource_names.join() !== names.join()) sent = '';
      names = resource_names;
      return offer(secrets);
    },
    change: offer,
  };
}

export function deltaStream(): SdsStream<DeltaRequest> {
  const versions = new Map<string, string | null>();
  let count = 0;
  const offer = (secrets: Secrets): object | null => {
    const named = [...versions.keys()];
    const news = named
      .flatMap((name) => secrets.get(name) ?? [])
      .filter((each) => versions.get(each.name) !== each.version);
    const unknown = named.filter((name) => !secretNames.some((known) => known === name));
    for (const name of unknown) versions.delete(name);
    if (news.length + unknown.length === 0) return null;
    for (const { name, version } of news) versions.set(name, version);
    count += 1;
    const resources = news.map((each) => ({ name: each.name, version: each.version, resource: any(each) }));
    return {
      system_version_info: '',
      type_url: secretType,
      nonce: String(count),
      resources,
      removed_resources: unknown,
    };
  };
  return {
    request({ resource_names_subscribe, resource_names_unsubscribe, initial_resource_versions }, secrets) {
      for (const name of resource_names_subscribe) versions.set(name, initial_resource_versions[name] ?? null);
      for (const name of resource_names_unsubscribe) versions.delete(name);
      return offer(secrets);
    },
    change: offer,
  };
}
