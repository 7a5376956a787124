// Every diagnostic that Sluice can give. A code is permanent: it is never used again for something else.

import { balancingCodes } from './codes/balancing.ts';
import { encryptionCodes } from './codes/encryption.ts';
import { gatewayCodes } from './codes/gateways.ts';
import { injectionCodes } from './codes/injection.ts';
import { referenceCodes } from './codes/references.ts';
import { routeCodes } from './codes/routes.ts';
import { scopeCodes } from './codes/scope.ts';
import { serviceCodes } from './codes/services.ts';

export type Severity = 'error' | 'warning' | 'info';

interface CodeInfo {
  readonly severity: Severity;
  readonly title: string;
  readonly explanation: string;
  readonly fix: string;
}

/** What `sluice analyze` finds beyond what translation has to say. */
const analysisCodes = { ...balancingCodes, ...routeCodes, ...referenceCodes } as const;
export type AnalysisCode = keyof typeof analysisCodes;

const table = {
  SLC0001: {
    severity: 'error',
    title: 'The YAML does not parse',
    explanation: 'One document of the file is not valid YAML. The last good form of the file stays in force.',
    fix: 'Correct the YAML at the line that is shown.',
  },
  SLC0002: {
    severity: 'error',
    title: 'The input is larger or deeper than allowed',
    explanation: 'Files, documents, nesting and aliases are bounded, so that no input can exhaust the control plane.',
    fix: 'Split the file, or write the repeated parts out instead of nesting aliases.',
  },
  SLC0003: {
    severity: 'warning',
    title: 'The same object is defined twice',
    explanation: 'Two documents define an object of the same kind, namespace and name. The first path wins.',
    fix: 'Remove one of the two.',
  },
  SLC0004: {
    severity: 'error',
    title: 'Not a Kubernetes object',
    explanation: 'Every document needs apiVersion, kind and metadata.name, with names that Kubernetes accepts.',
    fix: 'Add the missing field, or correct the name.',
  },
  SLC0005: {
    severity: 'warning',
    title: 'Unknown kind',
    explanation: 'Sluice does not read objects of this kind or of this version of its API; it is left out.',
    fix: 'Check apiVersion and kind; an object that is meant for other tools can stay.',
  },
  SLC0006: {
    severity: 'error',
    title: 'The file cannot be read',
    explanation: 'The operating system refused to read the file or folder. What was read before stays in force.',
    fix: 'Check that the path exists and its permissions.',
  },
  SLC0007: {
    severity: 'error',
    title: 'Most objects of a kind are gone at once',
    explanation:
      'More than half of the objects of a kind, and more than ten, vanished in one update, or the last Service did, as with ' +
      'a wrong folder, a lost mount or a lost permission. They stay in force until the sources have been without them for a minute; all other ' +
      'changes apply.',
    fix: 'Bring the objects back. Where it is meant, wait, or run with --allow-wipe.',
  },
  SLC0101: {
    severity: 'warning',
    title: 'Unknown field',
    explanation: 'The kind has no field of this name; it is left out.',
    fix: 'Correct the spelling, or remove the field.',
  },
  SLC0102: {
    severity: 'error',
    title: 'Wrong type',
    explanation: 'The field holds a value of another type than its schema says. The field is left out.',
    fix: 'Write a value of the type that the message names.',
  },
  SLC0103: {
    severity: 'error',
    title: 'Unknown value',
    explanation: 'The field takes one of a few words, and this is none of them. The field is left out.',
    fix: 'Use one of the words that the message names.',
  },
  SLC0104: {
    severity: 'error',
    title: 'Required field missing',
    explanation: 'Without this field the object, or the part around it, has no meaning; that part is left out.',
    fix: 'Add the field.',
  },
  SLC0105: {
    severity: 'error',
    title: 'Value out of range',
    explanation: 'The value has the right type, but Envoy or the kind does not allow it. The field is left out.',
    fix: 'Use a value inside the range that the message names.',
  },
  SLC0106: {
    severity: 'error',
    title: 'Not a duration',
    explanation: 'Durations are written as numbers with units: 1h, 5m, 1.5s, 250ms. The field is left out.',
    fix: 'Write the duration with its unit.',
  },
  SLC0107: {
    severity: 'error',
    title: 'Fields that exclude each other',
    explanation: 'Two fields are set of which only one may be. The one that the message names is used.',
    fix: 'Keep one of the fields.',
  },
  SLC0108: {
    severity: 'warning',
    title: 'Not supported yet',
    explanation: 'The field is valid, but this version of Sluice does not act on it.',
    fix: 'Remove the field, or do not rely on it.',
  },
  SLC0109: {
    severity: 'warning',
    title: 'Deprecated field',
    explanation: 'The field still works, but the kind has a newer one for it.',
    fix: 'Use the field that the message names.',
  },
  SLC0110: {
    severity: 'warning',
    title: 'The field has no effect here',
    explanation: 'The field is valid and understood, but with the settings around it nothing comes of it.',
    fix: 'Change the settings that the message names, or remove the field.',
  },
  SLC0201: {
    severity: 'warning',
    title: 'The host matches no service',
    explanation: 'A rule names a host that no Service has, so it applies to nothing.',
    fix: 'Correct the host, or its namespace: a short name means a service in the namespace of the rule.',
  },
  SLC0202: {
    severity: 'warning',
    title: 'The EndpointSlice belongs to no service',
    explanation: 'The label kubernetes.io/service-name says which Service of its namespace a slice belongs to.',
    fix: 'Add the label, or correct it to the name of a Service in the same namespace.',
  },
  SLC0203: {
    severity: 'warning',
    title: 'Duplicate subset',
    explanation: 'A subset of this name was defined before for the same host; the first one wins.',
    fix: 'Rename or remove one of the two.',
  },
  SLC0204: {
    severity: 'warning',
    title: 'Several rules set a policy for one host',
    explanation: 'Rules of one namespace for one host are merged, but only the oldest traffic policy counts.',
    fix: 'Keep the traffic policy in one rule.',
  },
  SLC0205: {
    severity: 'info',
    title: 'A service port without endpoints',
    explanation: 'No EndpointSlice gives the port an address, so every request to it is answered with 503.',
    fix: 'Add an EndpointSlice, or correct its label, its addresses or the name of its port.',
  },
  SLC0206: {
    severity: 'info',
    title: 'Outlier detection makes the nearest endpoints come first',
    explanation:
      'A rule with outlierDetection and without localityLbSetting orders endpoints by place, as Istio does: those in the ' +
      "client's own subzone, zone and region, then all others, each only when the ones before are bad.",
    fix: 'Nothing to do if that is wanted. localityLbSetting with enabled: false calls the endpoints of all places alike.',
  },
  SLC0220: {
    severity: 'error',
    title: 'A match that cannot be understood',
    explanation:
      'Without the condition that is wrong the match would take more requests than it is for. It is left out whole.',
    fix: 'Correct the field that is named beside it.',
  },
  SLC0221: {
    severity: 'warning',
    title: 'A large answer in the configuration',
    explanation: 'The body of a direct response is held by every proxy, once for every route that has it.',
    fix: 'Let a service answer, or shorten the body.',
  },
  SLC0222: {
    severity: 'warning',
    title: 'A route that is never tried',
    explanation: 'Routes are tried in their order, and one above takes every request.',
    fix: 'Move the route up, or remove it.',
  },
  SLC0223: {
    severity: 'warning',
    title: 'The same thing twice',
    explanation: 'A match or a host stands twice; the first one counts.',
    fix: 'Remove the second one, or correct it.',
  },
  SLC0224: {
    severity: 'info',
    title: 'Several VirtualServices for one host',
    explanation:
      'Their routes are tried one after the other: those of the namespace of the Service first, then the oldest VirtualService, then ' +
      'by namespace and name. Routes that take every request are tried last.',
    fix: 'Nothing to do, unless the order is not the one you want: one VirtualService can then hold all routes of the host.',
  },
  SLC0225: {
    severity: 'error',
    title: 'A route leads nowhere',
    explanation:
      'It names a service, a port or a subset that is not there. Its requests, or its share of them, are answered with 503.',
    fix: 'Correct the destination, or add what it names.',
  },
  SLC0226: {
    severity: 'error',
    title: 'A delegation that does not work',
    explanation:
      'The VirtualService that is named is not there, is not for others to delegate to, or contradicts this one.',
    fix: 'Correct name and namespace, and the match of the two routes.',
  },
  SLC0227: {
    severity: 'warning',
    title: 'gRPC clients do not do this',
    explanation:
      'Clients that are their own proxy (GENERATOR grpc) know routes by path and metadata, weights, timeouts and retries; ' +
      'what else a VirtualService asks for they leave out.',
    fix: 'Call the service through an Envoy where the rule has to hold.',
  },
  SLC0228: {
    severity: 'warning',
    title: 'Routes for a host of another namespace',
    explanation:
      'A VirtualService adds routes to a host that belongs to another namespace: the one of its Service, or at a gateway the one ' +
      'whose VirtualService for the host is the oldest. The routes of the owner come first, but for those that take every request.',
    fix:
      'If that is not wanted, name the namespace in the hosts of the Gateway (bank/www.example.com), or leave the host to its owner, ' +
      'who can delegate paths to others.',
  },
  ...gatewayCodes,
  ...encryptionCodes,
  SLC0301: {
    severity: 'error',
    title: 'Loopback or link-local endpoint refused',
    explanation:
      'An endpoint with such an address would make every proxy send requests to its own machine, where admin ports listen.',
    fix: 'Use the address of the workload; on one machine, for trying things out, --allow-loopback-endpoints.',
  },
  SLC0302: {
    severity: 'error',
    title: 'Not an IP address',
    explanation: 'The endpoint or address is not an IP address of the family that its object names; it is left out.',
    fix: 'Correct the address, or addressType.',
  },
  SLC0401: {
    severity: 'warning',
    title: 'Two services want the same listener',
    explanation:
      'TCP services cannot share an address and port: nothing in a connection tells them apart. The first wins.',
    fix: 'Give one of the services another port, or an address of its own.',
  },
  SLC0402: {
    severity: 'info',
    title: 'The port is not balanced by the proxy',
    explanation: 'Sidecars balance TCP and what runs on it; UDP and SCTP go past them.',
    fix: 'Nothing to do, unless the protocol of the port is wrong.',
  },
  SLC0403: {
    severity: 'warning',
    title: 'gRPC clients balance in another way',
    explanation:
      'Clients that are their own proxy (GENERATOR grpc) know ROUND_ROBIN, and RING_HASH of a header or of the whole client.',
    fix: 'Choose one of those for services that gRPC clients call, or call them through an Envoy.',
  },
  SLC0405: {
    severity: 'warning',
    title: 'gRPC clients leave a block out',
    explanation:
      'Clients that are their own proxy (GENERATOR grpc) get balancing alone; limits, outlier detection and TLS of a rule do ' +
      'not reach them.',
    fix: 'Set the same in the client, or call the service through an Envoy where the rule has to hold.',
  },
  SLC0501: {
    severity: 'error',
    title: 'Envoy refused the configuration',
    explanation: 'A proxy answered a push with an error. It keeps the configuration that it had.',
    fix: 'Correct the object that the message names. Where an address is in use, free it, or take another port.',
  },
  SLC0502: {
    severity: 'error',
    title: 'Sluice failed on this object',
    explanation:
      'A fault of Sluice, not of the object: translating it ended in an error. All other objects still work.',
    fix: 'Please report it together with the object.',
  },
  ...analysisCodes,
  ...injectionCodes,
  ...scopeCodes,
  ...serviceCodes,
} as const satisfies Record<string, CodeInfo>;

export type DiagnosticCode = keyof typeof table;
export const diagnosticCodes: Readonly<Record<DiagnosticCode, CodeInfo>> = table;
