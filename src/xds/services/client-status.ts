// CSDS: what every connected proxy has, resource by resource (envoy.service.status.v3.ClientStatusDiscoveryService).
import { type handleBidiStreamingCall, type handleUnaryCall, status } from '@grpc/grpc-js';
import { decodeMessage, encodeMessage } from '../../envoy/protojson.ts';
import { redact } from '../../envoy/redact.ts';
import type { XdsResource } from '../../envoy/resource.ts';
import { messageNames, type ResourceKind, typeUrls } from '../../envoy/types.ts';
import type { JsonObject } from '../../lib/json.ts';
import { memo } from '../../lib/memo.ts';
import type { WorkloadIdentity } from '../../model/identity.ts';
import { rootNamespace, systemNamespace } from '../../model/names.ts';
import type { ProxyNode } from '../../model/proxy.ts';
import type { ResourceStatus, StreamStatus, TypeStatus } from '../stream-status.ts';
import type { XdsService } from '../transport/relay.ts';
import { nodeMetadata, nodeTest } from './node-matcher.ts';
import { type CallerOf, CallRefusal, callError, grpcService, identityOf, type OnFault } from './service.ts';

export interface ClientStatusOptions {
  readonly streams: () => readonly StreamStatus[];
  readonly callerOf: CallerOf;
  /** What is known to be at fault in what a proxy, or one like it, has refused. */
  readonly refusals?: (nodeId: string) => readonly RefusedResource[];
  /** How large a response may be, in bytes; 16 MiB where nothing is said. */
  readonly mostBytes?: number;
  readonly onFault?: OnFault;
}

/**
 * Callers of these namespaces see every proxy, others those of their own: whoever runs workloads there is in charge of
 * the control plane in any case.
 */
const adminNamespaces: readonly string[] = [rootNamespace, systemNamespace];

/** A resource that was refused, or a part of it. */
export interface RefusedResource {
  readonly kind: ResourceKind;
  readonly name: string;
  /** That was refused. */
  readonly version: string;
  readonly message: string;
}

interface StatusRequest {
  readonly matchers: readonly JsonObject[];
  readonly contents: boolean;
}

/** The service. A caller on plain text has no identity, as any proxy there, and sees everything that is served there. */
export function clientStatusService(options: ClientStatusOptions): XdsService {
  const { onFault = () => {} } = options;
  const answer = (request: StatusRequest, caller: WorkloadIdentity | null): object => respond(options, request, caller);
  const fetchOnce: handleUnaryCall<StatusRequest, object> = (call, callback) => {
    try {
      callback(null, answer(call.request, identityOf(options.callerOf, call)));
    } catch (error) {
      callback(callError(error, onFault));
    }
  };
  const stream: handleBidiStreamingCall<StatusRequest, object> = (call) => {
    call.on('data', (request: StatusRequest) => {
      try {
        // One response at a time: a client that does not read is not read from.
        if (!call.write(answer(request, identityOf(options.callerOf, call)))) call.pause();
      } catch (error) {
        call.emit('error', callError(error, onFault));
      }
    });
    call.on('drain', () => call.resume());
    call.on('end', () => call.end());
    call.on('error', () => {});
  };
  return grpcService('envoy.service.status.v3.ClientStatusDiscoveryService', readRequest, {
    FetchClientStatus: fetchOnce,
    StreamClientStatus: stream,
  });
}

function readRequest(bytes: Uint8Array): StatusRequest {
  const json = decodeMessage('envoy.service.status.v3.ClientStatusRequest', bytes);
  const { nodeMatchers, excludeResourceContents } = json;
  return {
    matchers: Array.isArray(nodeMatchers) ? nodeMatchers : [],
    contents: excludeResourceContents !== true,
  };
}

function maySee(caller: WorkloadIdentity | null, { namespace }: ProxyNode): boolean {
  return caller === null || caller.namespace === namespace || adminNamespaces.includes(caller.namespace);
}

function respond(
  { streams, refusals = () => [], mostBytes = 16 << 20 }: ClientStatusOptions,
  { matchers, contents }: StatusRequest,
  caller: WorkloadIdentity | null,
): object {
  const matches = nodeTest(matchers);
  const budget = new Budget(mostBytes);
  const seen = streams().filter(({ node }) => maySee(caller, node) && matches(node));
  return { config: seen.map((stream) => clientConfig(stream, refusals(stream.node.id), { contents, budget })) };
}

/** Refuses before a response is built that is too large. */
class Budget {
  #left: number;

  constructor(bytes: number) {
    this.#left = bytes;
  }

  spend(bytes: number): void {
    this.#left -= bytes;
    if (this.#left >= 0) return;
    const advice = 'ask for fewer proxies with node_matchers, or set exclude_resource_contents';
    throw new CallRefusal(status.RESOURCE_EXHAUSTED, `the answer is too large: ${advice}`);
  }
}

interface Shown {
  readonly contents: boolean;
  readonly budget: Budget;
}

function clientConfig(stream: StreamStatus, refused: readonly RefusedResource[], shown: Shown): object {
  const { node, types } = stream;
  shown.budget.spend(node.id.length + 500);
  const { region, zone, subZone } = node.locality;
  const fields = [...nodeMetadata(node)].map(([key, value]) => [key, { stringValue: value }] as const);
  return {
    node: {
      id: node.id,
      cluster: `${node.name}.${node.namespace}`,
      metadata: { fields: Object.fromEntries(fields) },
      locality: { region, zone, sub_zone: subZone },
    },
    generic_xds_configs: types.flatMap((type) =>
      stream.resources(type.kind).map((each) => {
        const refusal = refused.find(({ kind, name }) => kind === type.kind && name === each.name);
        return genericConfig(type, each, refusal ?? ownRefusal(type, each), shown);
      }),
    ),
  };
}

// envoy.service.status.v3.ConfigStatus
const configStatus = { synced: 1, waiting: 2, absent: 2, sent: 3, refused: 4 } as const;
// envoy.admin.v3.ClientResourceStatus
const clientStatus = { synced: 3, waiting: 1, absent: 2, sent: 1, refused: 4 } as const;

type Refusal = Pick<RefusedResource, 'version' | 'message'>;

/** As long as nobody knows what is at fault, all that was in a refused response counts as refused. */
function ownRefusal({ error }: TypeStatus, { state, resource }: ResourceStatus): Refusal | null {
  return state === 'refused' ? { version: resource?.version ?? '', message: error ?? '' } : null;
}

function genericConfig(
  { kind, refusedAt }: TypeStatus,
  { name, state, resource }: ResourceStatus,
  refusal: Refusal | null,
  { contents, budget }: Shown,
): object {
  const bytes = resource === null || !contents ? null : shownBytes(resource);
  const shown = refusal === null ? state : 'refused';
  budget.spend(name.length + (bytes?.length ?? 0) + (refusal?.message.length ?? 0) + 200);
  return {
    type_url: typeUrls[kind],
    name,
    version_info: resource?.version ?? '',
    ...(bytes === null ? {} : { xds_config: { typeUrl: typeUrls[kind], value: bytes } }),
    config_status: configStatus[shown],
    client_status: clientStatus[shown],
    ...(refusal === null ? {} : { error_state: errorState(refusal, refusedAt) }),
  };
}

/** envoy.admin.v3.UpdateFailureState */
function errorState({ version, message }: Refusal, at: Date | null): object {
  return { details: message, version_info: version, last_update_attempt: timestamp(at) };
}

/** google.protobuf.Timestamp; null stays away. */
function timestamp(date: Date | null): object | null {
  if (date === null) return null;
  const milliseconds = date.getTime();
  return { seconds: Math.floor(milliseconds / 1000), nanos: (milliseconds % 1000) * 1_000_000 };
}

/** The resource without secrets; null where it cannot be encoded without them. */
const shownBytes = memo((resource: XdsResource): Uint8Array | null => {
  const { kind, json, bytes } = resource;
  const shown = redact(json);
  if (shown === json) return bytes;
  try {
    return encodeMessage(messageNames[kind], shown);
  } catch {
    return null;
  }
});
