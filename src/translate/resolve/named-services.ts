// Services whose endpoints proxies look up by name: the names are part of the service, and with it of its clusters.
import type { Service } from '../../crds/service.ts';
import type { Member } from '../../crds/values/member.ts';
import type { LastCalls } from '../../lib/last-calls.ts';
import { diagnose, type Outcome } from '../../model/diagnostic.ts';
import { at } from '../../model/origin.ts';
import { isNamed, isProxied } from '../../model/service.ts';
import { byPort, servingOf } from './member-endpoints.ts';
import type { Members } from './members.ts';

type Services = ReadonlyMap<string, Service>;
export type NameCalls = LastCalls<string, Outcome<Service>>;

const none: readonly Member[] = [];

/** One name alone is looked up; of several the first. */
function usable({ host, resolution }: Service, members: Members): readonly Member[] {
  const list = members.get(host) ?? none;
  return resolution.kind === 'dns-round-robin' ? list.slice(0, 1) : list;
}

function withNames(service: Service, members: readonly Member[], allowLoopback: boolean): Outcome<Service> {
  const { resolution } = service;
  if (!isNamed(resolution)) return { value: service, diagnostics: [] };
  const { value, diagnostics } = servingOf(service, members, allowLoopback);
  const endpoints = byPort(value);
  const named = { ...service, resolution: { kind: resolution.kind, endpoints } };
  const balances = service.ports.some(({ protocol }) => isProxied(protocol));
  if (endpoints.size > 0 || !balances) return { value: named, diagnostics };
  const message = `${service.host} has no endpoints, so every request to it is answered with 503`;
  return { value: named, diagnostics: [...diagnostics, diagnose('SLC0205', at(service.origin, 'spec'), message)] };
}

/** The services with the endpoints of those that have names. Mostly there are none: then they are what they were. */
export function nameServices(
  services: Outcome<Services>,
  members: Members,
  allowLoopback: boolean,
  calls: NameCalls,
): Outcome<Services> {
  const { value } = services;
  if (!value.values().some(({ resolution }) => isNamed(resolution))) {
    calls.endRound();
    return services;
  }
  const next = new Map(value);
  const diagnostics = [...services.diagnostics];
  for (const [host, service] of value) {
    if (!isNamed(service.resolution)) continue;
    const list = usable(service, members);
    const outcome = calls.run(host, [service, ...list], () => withNames(service, list, allowLoopback));
    next.set(host, outcome.value);
    for (const each of outcome.diagnostics) diagnostics.push(each);
  }
  calls.endRound();
  return { value: next, diagnostics };
}
