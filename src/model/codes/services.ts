// Codes of services that Kubernetes does not know, and of what is behind them.

export const serviceCodes = {
  SLC0207: {
    severity: 'warning',
    title: 'A port without an address',
    explanation:
      'Connections do not say which host they are for, unless they are HTTP or TLS. Without addresses the port of such a ' +
      'ServiceEntry takes every connection to the same port that no other service takes.',
    fix: 'Give the ServiceEntry addresses, or the port a protocol that names hosts: HTTP, HTTPS, TLS, GRPC.',
  },
  SLC0208: {
    severity: 'warning',
    title: 'Several services have one host',
    explanation:
      'A host stands for one service: the Service of Kubernetes, where there is one, else that of the oldest ServiceEntry.',
    fix: 'Name the host in one of the objects; one ServiceEntry can have all of its ports and endpoints.',
  },
  SLC0209: {
    severity: 'warning',
    title: 'An endpoint without a name',
    explanation:
      'The annotation sluice.dev/hash-endpoints-by: pod-name keeps the keys of a Pod with its name. Where an EndpointSlice does ' +
      'not say which Pod is behind an address, the address decides, and its keys move when it changes.',
    fix: 'Give the endpoint a targetRef of kind Pod, as Kubernetes does for services with a selector, or leave the annotation out.',
  },
} as const;
