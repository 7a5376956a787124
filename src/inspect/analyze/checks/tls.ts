// TLS that does not fit the port that it is for.
import { tlsModeIstio, tlsModeLabel } from '../../../model/client-tls.ts';
import type { Labels } from '../../../model/endpoint.ts';
import { at } from '../../../model/origin.ts';
import { anyClientIn, policyFor } from '../../../model/policy.ts';
import { isHttp, type ServicePort } from '../../../model/service.ts';
import type { Finder } from '../facts.ts';
import { describeTarget } from '../targets.ts';

export const tlsInTls: Finder = function* ({ targets }) {
  for (const target of targets()) {
    const { tls } = target.policy;
    if (tls?.kind !== 'tls' || target.port.protocol !== 'tls') continue;
    yield { origin: tls.origin, message: `callers of ${describeTarget(target)} encrypt themselves, as its name says` };
  }
};

const httpsPorts: ReadonlySet<number | string> = new Set([443, 8443, 'https']);
const looksLikeHttps = ({ number, targetPort, protocol }: ServicePort): boolean =>
  isHttp(protocol) && (httpsPorts.has(number) || httpsPorts.has(targetPort));

export const plainHttps: Finder = function* ({ mesh }) {
  for (const { host, namespace, ports, resolution } of mesh.services.values()) {
    if (resolution.kind === 'alias') continue;
    for (const port of ports.filter(looksLikeHttps)) {
      const policy = policyFor(mesh.policies.get(host), anyClientIn(namespace))?.ports.get(port.number);
      if (policy !== undefined && policy.tls !== null) continue;
      const message = `port ${port.number} (targetPort ${port.targetPort}) is named "${port.name}", so it is called in plain text`;
      yield { origin: port.origin, message };
    }
  }
};

export const unverified: Finder = function* ({ targets }) {
  for (const { policy } of targets()) {
    if (policy.tls?.kind !== 'tls' || policy.tls.trust.kind !== 'anybody') continue;
    const message = 'every certificate is accepted, whoever shows it';
    yield { origin: at(policy.tls.origin, 'insecureSkipVerify'), message };
  }
};

/** Only where the Pods' labels tell: of some Pods it is known that they take mutual TLS. */
export const withoutCertificates: Finder = function* ({ targets, mesh }) {
  const takes = (labels: Labels): boolean => labels.get(tlsModeLabel) === tlsModeIstio;
  if (!mesh.workloads.values().some(({ labels }) => takes(labels))) return;
  for (const target of targets()) {
    const { policy, endpoints } = target;
    const known = endpoints.every(({ labels }) => labels.size > 0);
    if (policy.tls?.kind !== 'mesh' || endpoints.length === 0 || !known) continue;
    if (endpoints.some(({ labels }) => takes(labels))) continue;
    yield {
      origin: policy.tls.origin,
      message: `no Pod behind ${describeTarget(target)} takes the mutual TLS of the mesh`,
    };
  }
};
