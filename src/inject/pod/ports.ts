// The ports of a sidecar beside those of capture.

/** Where the agent answers for the workload's probes, and where metrics are. */
export const agentPort = 15020;
/** Whether the sidecar is ready. */
export const readinessPort = 15021;
/** Envoy's metrics. */
export const metricsPort = 15090;
/** Envoy's own pages, on loopback alone. */
export const adminPort = 15000;
/** Where captured connections arrive: those that the workload makes, and those made to it. */
export const outboundPort = 15001;
export const inboundPort = 15006;
