// Which containers of a pod are ours.
import { captureContainer, sidecarContainer } from '../../model/names.ts';

/** Whether a container of this name is one that injection adds. */
export function isOurs(name: string | undefined): boolean {
  return name === sidecarContainer || name === captureContainer;
}
