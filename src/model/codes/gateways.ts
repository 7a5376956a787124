// Diagnostics of gateways. The rows of ../diagnostic-codes.ts, which checks their shape.

export const gatewayCodes = {
  SLC0230: {
    severity: 'warning',
    title: 'Two servers of gateways want the same thing',
    explanation:
      'A port carries one protocol, and each host of encrypted connections has one set of certificates. The server of the ' +
      'older Gateway has it; what the other one asks for beside it works.',
    fix: 'Give one of the servers another port, or other hosts.',
  },
  SLC0231: {
    severity: 'warning',
    title: 'A gateway and a VirtualService that do not meet',
    explanation:
      'The Gateway that is named is not there, has no server for any host of the VirtualService, or has one to which no ' +
      'VirtualService leads.',
    fix: 'Correct the name (`namespace/name` for one elsewhere), or the hosts of one of the two.',
  },
} as const;
