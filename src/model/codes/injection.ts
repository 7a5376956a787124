// Codes of sidecar injection.

export const injectionCodes = {
  SLC0801: {
    severity: 'error',
    title: 'The pod cannot have a sidecar',
    explanation:
      'Something in the pod contradicts the sidecar, or asks for what is not up to a pod. It is refused as a whole: a pod that ' +
      'was injected in part would run without the protection that its namespace asks for.',
    fix: 'Change what the message names, or opt the pod out with the label sidecar.istio.io/inject: "false".',
  },
  SLC0802: {
    severity: 'info',
    title: 'The pod gets no sidecar',
    explanation: 'The pod, its namespace or its network say so. It is left as it is.',
    fix: 'Nothing to do if that is wanted; else change the label or the field that the message names.',
  },
  SLC0803: {
    severity: 'warning',
    title: 'The sidecar was put back',
    explanation: 'The pod has a sidecar already, but another one than it is to have. What was different is lost.',
    fix: 'Inject the original again, and change the sidecar by annotations.',
  },
} as const;
