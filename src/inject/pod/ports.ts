// The ports of a sidecar beside those of capture.

/** Where the agent answers for the workload's probes, and where metrics are. */
export const agentPort = 15020;
/** Whether the sidecar is ready. */
export const readinessPort = 15021;
/** Envoy's metrics. */
export const metricsPort = 15090;
