// The demo's edits of YAML: another policy for a service, an endpoint that leaves and comes back.
import { type Document, isMap, isSeq, stringify } from 'yaml';
import type { JsonObject } from '../../lib/json.ts';
import { objectName } from '../../model/object.ts';
import type { Backend } from './backends.ts';
import type { Target } from './targets.ts';
import { defines, type FileChange, setObject, type WorkingCopy } from './working-copy.ts';

/** Where a rule without any load balancer would have it. */
const usualPath = ['spec', 'trafficPolicy', 'loadBalancer'];

/** Writes `loadBalancer` where the policy in force is written; into a new rule where there is none. */
export async function setLoadBalancer(
  copy: WorkingCopy,
  target: Target,
  loadBalancer: JsonObject,
): Promise<FileChange> {
  const { policy, rules, service } = target;
  const rule = policy.origin?.object ?? rules[0];
  if (rule !== undefined) {
    const path = policy.origin?.path ?? usualPath;
    const isRule = (document: Document): boolean => defines(document, objectName(rule));
    const change = await copy.edit(isRule, (document) => setObject(document, path, loadBalancer));
    if (change !== null) return change;
  }
  const metadata = { name: service.name, namespace: service.namespace };
  const spec = { host: service.host, trafficPolicy: { loadBalancer } };
  const object = { apiVersion: 'networking.istio.io/v1', kind: 'DestinationRule', metadata, spec };
  return copy.add('rule-of-the-demo.yaml', stringify(object));
}

/** Takes an endpoint out of the EndpointSlice that has it. Throws where no file has it. */
export async function removeEndpoint(copy: WorkingCopy, { address }: Backend): Promise<FileChange> {
  const has = (document: Document): boolean => positionOf(document, address) >= 0;
  const remove = (document: Document): void => {
    document.deleteIn(['endpoints', positionOf(document, address)]);
  };
  const change = await copy.edit(has, remove);
  if (change === null) throw new Error(`no EndpointSlice has the address ${address}`);
  return change;
}

function positionOf(document: Document, address: string): number {
  const endpoints = document.get('kind') === 'EndpointSlice' ? document.get('endpoints') : undefined;
  if (!isSeq(endpoints)) return -1;
  return endpoints.items.findIndex((item) => {
    const addresses = isMap(item) ? item.get('addresses') : undefined;
    return isSeq(addresses) && addresses.items.some((_, index) => addresses.get(index) === address);
  });
}
