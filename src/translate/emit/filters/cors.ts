// Cross-origin requests where a route has a policy for them; without one it does nothing.
export const cors = {
  name: 'envoy.filters.http.cors',
  typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.cors.v3.Cors' },
};
