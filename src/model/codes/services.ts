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
} as const;
