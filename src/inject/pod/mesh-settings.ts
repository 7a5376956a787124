// What whoever runs the mesh decides about all sidecars.
import { type SidecarSettings, usualSidecar } from '../../model/sidecar-settings.ts';

export interface MeshSettings {
  /** Of sidecar and capture. */
  readonly image: string;
  /** `HOST:PORT` of the control plane. */
  readonly controlPlane: string;
  /** `plain-text`: without certificates, so without mutual TLS, for trying things out. */
  readonly security: 'mutual-tls' | 'plain-text';
  /** The label `istio.io/rev` that chooses this injector. */
  readonly revision: string;
  /** What annotations do not change. */
  readonly sidecar: SidecarSettings;
}

export const usualMesh: MeshSettings = {
  image: 'sluice',
  controlPlane: 'sluice.sluice-system.svc:15012',
  security: 'mutual-tls',
  revision: 'default',
  sidecar: usualSidecar,
};
