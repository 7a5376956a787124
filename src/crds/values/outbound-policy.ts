// Where calls go that no service takes: what is said of it, and cannot be read, lets nothing out.
import { type OutboundPolicy, registryOnly } from '../../model/mesh-defaults.ts';
import { report, type Spot } from './decode.ts';

/** For a policy of which it was said already what is wrong with it. */
export function unreadablePolicy(spot: Spot): OutboundPolicy {
  report(spot, 'SLC0252', 'this policy cannot be read, so nothing but known services is called (REGISTRY_ONLY)');
  return registryOnly;
}
