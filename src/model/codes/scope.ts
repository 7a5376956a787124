// Codes of settings for the whole mesh, and of what clients may know of it.

export const scopeCodes = {
  SLC0111: {
    severity: 'info',
    title: 'The field is not read',
    explanation: 'The field is one of the schema, but nothing that Sluice does depends on it.',
    fix: 'Nothing to do, unless you rely on it.',
  },
  SLC0250: {
    severity: 'warning',
    title: 'Several Sidecars for the same workloads',
    explanation:
      'A workload has one Sidecar: of several that are for it the oldest holds, and the others say nothing to it.',
    fix: 'Join them, or choose the workloads of each by other labels.',
  },
  SLC0251: {
    severity: 'warning',
    title: 'An entry of a Sidecar imports nothing',
    explanation:
      'No service that is exported to the namespace of the Sidecar has this host, so proxies do not know it.',
    fix: 'Correct the namespace or the host, or remove the entry.',
  },
  SLC0252: {
    severity: 'error',
    title: 'A policy for calls that leave the mesh cannot be read',
    explanation:
      'Whoever writes outboundTrafficPolicy means to control what leaves the mesh. Where it cannot be read, calls to hosts that no ' +
      'service has are refused.',
    fix: 'Correct the policy: its mode is ALLOW_ANY or REGISTRY_ONLY.',
  },
  SLC0260: {
    severity: 'warning',
    title: 'Several PeerAuthentications for the same workloads',
    explanation: 'Of several that are for a whole namespace, or for the mesh, the oldest holds.',
    fix: 'Join them, or remove the one that is not used.',
  },
} as const;
