// What injection is asked.
import type { JsonObject } from '../../lib/json.ts';
import type { Origin } from '../../model/origin.ts';
import type { MeshSettings } from './mesh-settings.ts';
import type { TargetNamespace } from './selection.ts';

export interface InjectionRequest {
  /** A Pod, or the template of pods in a workload: `metadata` and `spec`. */
  readonly pod: JsonObject;
  /** Where it stands. */
  readonly origin: Origin;
  /** What the workload is called, where it is not the pod's own name. */
  readonly workload: string;
  readonly namespace: TargetNamespace;
  readonly mesh: MeshSettings;
}
