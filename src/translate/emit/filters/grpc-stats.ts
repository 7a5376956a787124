// Counts gRPC messages, since an HTTP status says nothing of a gRPC call.
export const grpcStats = {
  name: 'envoy.filters.http.grpc_stats',
  typed_config: {
    '@type': 'type.googleapis.com/envoy.extensions.filters.http.grpc_stats.v3.FilterConfig',
    emit_filter_state: true,
    stats_for_all_methods: false,
  },
};
