// Delays and aborts where a route asks for them; without a route's word it does nothing.
export const fault = {
  name: 'envoy.filters.http.fault',
  typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault' },
};
