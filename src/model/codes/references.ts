// Codes of `sluice analyze`: objects that do not fit each other, and TLS that does not fit a port.

export const referenceCodes = {
  SLC0660: {
    severity: 'warning',
    title: 'exportTo names an unknown namespace',
    explanation: 'There is neither a Namespace nor any other object of this name, so nobody there sees the rule.',
    fix: 'Correct the name; "." is the own namespace and "*" all of them.',
  },
  SLC0661: {
    severity: 'info',
    title: 'A port that does not say its protocol',
    explanation:
      "The protocol is found out from each connection's first bytes. Where the server speaks first that costs a wait of " +
      'seconds, and TLS is passed on unread. Names such as http-web or tcp-db, or appProtocol, say it at once.',
    fix: 'Name the port PROTOCOL or PROTOCOL-anything, or set appProtocol.',
  },
  SLC0662: {
    severity: 'warning',
    title: 'A selector that matches no Pod',
    explanation:
      'Pods of the namespace are known, but none has the labels that are selected. Kubernetes gives such a Service no ' +
      'endpoints, and no more has a ServiceEntry; a DestinationRule or Sidecar with such a workloadSelector is for nobody, and ' +
      'nobody serves such a Gateway, whose Pods may be in any namespace.',
    fix: 'Correct the selector, or the labels of the Pods.',
  },
  SLC0663: {
    severity: 'warning',
    title: 'A targetPort name that no Pod has',
    explanation:
      'targetPort names a port of a container, and no Pod that the Service selects has one of that name. Kubernetes gives ' +
      'the port no endpoints.',
    fix: "Correct targetPort, or name the container's port so.",
  },
  SLC0664: {
    severity: 'info',
    title: 'A targetPort that no Pod declares',
    explanation:
      'The Pods that the Service selects list the ports of their containers, and this is none of them. The list binds nobody, ' +
      'so it may work all the same; often one of the two is misspelt.',
    fix: 'Correct targetPort, or list the port in the container.',
  },
  SLC0665: {
    severity: 'warning',
    title: 'EndpointSlice and Service differ on a port',
    explanation:
      'Requests go to the port of the EndpointSlice. Kubernetes writes the targetPort of the Service there; where a slice is ' +
      'written by hand the two can differ.',
    fix: "Make the slice's port equal to the Service's targetPort.",
  },
  SLC0666: {
    severity: 'warning',
    title: 'One port of a workload, two protocols',
    explanation:
      'Two Services lead to the same port of the same workload; one says that it speaks HTTP, the other that it does not. The ' +
      "workload's own proxy can treat the port in one way only.",
    fix: 'Give both ports the same protocol in their names or appProtocol.',
  },
  SLC0667: {
    severity: 'warning',
    title: 'A suppression of an unknown code',
    explanation: 'The annotation that suppresses diagnostics of an object names a code that there is not.',
    fix: 'Correct the code; `sluice codes` lists them. Codes are separated by commas.',
  },
  SLC0668: {
    severity: 'warning',
    title: 'Two Sidecars choose one Pod',
    explanation:
      'The labels of both Sidecars fit the same Pod. A workload has one Sidecar: the oldest of those that choose it holds, and ' +
      'nothing of the others.',
    fix: 'Choose by labels of which a Pod has only one, or join the Sidecars.',
  },
  SLC0669: {
    severity: 'warning',
    title: 'An address that HTTP services share with one that is not HTTP',
    explanation:
      'Requests say themselves which host they are for, so HTTP services may share an address. A port that is not HTTP has the ' +
      'address for itself: every connection to it goes there, also requests for the others.',
    fix: 'Give the service that is not HTTP an address of its own, or another port.',
  },
  SLC0680: {
    severity: 'warning',
    title: 'TLS inside TLS',
    explanation:
      'The port is named https or tls, so callers encrypt themselves; the rule makes their proxy encrypt once more. A server ' +
      'that expects one layer refuses that.',
    fix: 'Remove tls from the rule; or let callers speak plain HTTP to a port that is named http.',
  },
  SLC0681: {
    severity: 'warning',
    title: 'Plain HTTP to a port of HTTPS',
    explanation:
      'The port has a number of HTTPS but is named http, and no rule encrypts the calls. A server that speaks TLS there ' +
      'refuses them.',
    fix: 'Name the port https if callers encrypt themselves; else set tls.mode: SIMPLE in a DestinationRule.',
  },
  SLC0682: {
    severity: 'warning',
    title: 'The server is not verified',
    explanation:
      'insecureSkipVerify accepts every certificate, so whoever is between the proxy and the server can read and change ' +
      'everything.',
    fix: 'Set caCertificates, and subjectAltNames or sni; without caCertificates the authorities of the machine count.',
  },
  SLC0683: {
    severity: 'warning',
    title: 'Certificates of the mesh where there are none',
    explanation:
      'The rule asks for mutual TLS with the certificates of the mesh (ISTIO_MUTUAL), and none of the Pods behind the service ' +
      'has a sidecar that takes it (label security.istio.io/tlsMode: istio), so they do not understand the calls.',
    fix: 'Give the Pods sidecars, or set tls.mode: DISABLE for the service.',
  },
  SLC0684: {
    severity: 'warning',
    title: 'Servers of one port share a certificate',
    explanation:
      'Browsers use an HTTP/2 connection for every host that its certificate is good for. Each server knows its own hosts ' +
      'alone, so a request for a host of another server that comes over such a connection is answered with 404.',
    fix: 'Name all hosts of the certificate in one server, or give each server a certificate for its hosts alone.',
  },
  SLC0685: {
    severity: 'warning',
    title: 'A port of a gateway that no Service leads to',
    explanation:
      'The Gateway listens on the port, but no Service that selects its Pod has it, neither as port nor as targetPort. Clients ' +
      'that call the Service do not get there.',
    fix: 'Add the port to the Service, or correct the number; it is that of the Service.',
  },
} as const;
