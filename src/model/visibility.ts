// Which services clients may call: those that are exported to their namespace.
import { memo } from '../lib/memo.ts';
import type { Service } from './service.ts';

type Services = ReadonlyMap<string, Service>;

const isRestricted = ({ exportTo }: Service): boolean => !exportTo.has('*');

/** Services that not all clients may call; mostly there are none. */
export const restrictedServices = memo((services: Services): readonly Service[] =>
  [...services.values()].filter(isRestricted),
);

/** Namespaces whose clients may call what others may not. */
export const namespacesOfExports = memo(
  (services: Services): ReadonlySet<string> =>
    new Set(restrictedServices(services).flatMap(({ exportTo }) => [...exportTo])),
);
