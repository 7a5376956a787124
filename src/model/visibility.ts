// Which services clients may call: those that are exported to their namespace.
import { memo } from '../lib/memo.ts';
import { isVisible, type Service } from './service.ts';

type Services = ReadonlyMap<string, Service>;

const isRestricted = ({ exportTo }: Service): boolean => !exportTo.has('*');

/** Services that not all clients may call; mostly there are none. */
const restricted = memo((services: Services): readonly Service[] => [...services.values()].filter(isRestricted));

/** Namespaces whose clients may call what others may not. */
export const namespacesOfExports = memo(
  (services: Services): ReadonlySet<string> => new Set(restricted(services).flatMap(({ exportTo }) => [...exportTo])),
);

const visibleTo = memo((services: Services, namespace: string): Services => {
  const hidden = new Set(restricted(services).filter((service) => !isVisible(service, namespace)));
  return hidden.size === 0 ? services : new Map([...services].filter(([, service]) => !hidden.has(service)));
});

/** The services that clients of a namespace may call; all of them where nothing is restricted. */
export function visibleServices(services: Services, namespace: string): Services {
  return restricted(services).length === 0 ? services : visibleTo(services, namespace);
}
