// All objects of an installation, in the order in which they are to be made.
import type { JsonObject } from '../../lib/json.ts';
import { accessObjects } from './rbac.ts';
import { webhookObjects } from './webhooks.ts';
import { namespaceObject, type WorkloadValues, workloadObjects } from './workload.ts';

export function installObjects(values: WorkloadValues): readonly JsonObject[] {
  return [namespaceObject, ...accessObjects(), ...workloadObjects(values), ...webhookObjects];
}
