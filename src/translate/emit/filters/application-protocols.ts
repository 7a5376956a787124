// What a request's connection offers over mutual TLS: that it carries HTTP, so that the other side's sidecar does not
// take it for anything else. Clusters that are not called by the certificates of the mesh say nothing, and keep theirs.
import type { JsonObject } from '../../../lib/json.ts';
import type { HttpVersion } from '../../../model/connection-pool.ts';
import { sluiceDomain } from '../../../model/names.ts';

/** In a cluster's metadata under our key: what its connections offer for requests. */
const field = 'alpn';

/**
 * Beside what tells the peer's filter chains, the version that is really spoken; where that is the client's it is not
 * said, and found out by the peer from the first bytes.
 */
const offered: { readonly [V in HttpVersion]: string } = {
  http1: 'istio-http/1.1,istio,http/1.1',
  http2: 'istio-h2,istio,h2',
  'as-client': 'istio-http/1.1,istio-h2',
};

/** The part of a cluster's metadata that the filter reads. */
export function offeredProtocols(version: HttpVersion): JsonObject {
  return { [field]: offered[version] };
}

export const applicationProtocols = {
  name: 'envoy.filters.http.set_filter_state',
  typed_config: {
    '@type': 'type.googleapis.com/envoy.extensions.filters.http.set_filter_state.v3.Config',
    on_request_headers: [
      {
        object_key: 'envoy.network.application_protocols',
        format_string: {
          text_format_source: { inline_string: `%CLUSTER_METADATA(${sluiceDomain}:${field})%` },
          omit_empty_values: true,
        },
        shared_with_upstream: 'ONCE',
        skip_if_empty: true,
      },
    ],
  },
};
