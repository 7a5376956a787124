// The YAML that the tests of commands use.

export const service = `apiVersion: v1
kind: Service
metadata:
  name: reviews
spec:
  ports:
  - name: http
    port: 80
    targetPort: 8080
`;

export const slice = `apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: reviews
  labels:
    kubernetes.io/service-name: reviews
addressType: IPv4
ports:
- name: http
  port: 8080
endpoints:
- addresses: [10.0.0.1]
- addresses: [10.0.0.2]
`;

/** A rule whose `loadBalancer.simple`, on line 9, is `simple`. */
export const rule = (simple: string): string => `apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata:
  name: reviews
spec:
  host: reviews
  trafficPolicy:
    loadBalancer:
      simple: ${simple}
`;

export const pod = `apiVersion: v1
kind: Pod
metadata:
  name: reviews-1
spec:
  containers: []
status:
  podIP: 10.0.0.1
`;

export const documents = (...texts: readonly string[]): string => texts.join('---\n');
