// Virtual hosts, the parts of a route configuration that are held back and exchanged one by one.
import { hash } from 'node:crypto';
import { deepEqual } from 'fast-equals';
import { type EncodedPart, encodedPart, routeConfiguration, type XdsResource } from '../envoy/resource.ts';
import { interner } from '../lib/intern.ts';
import { isObject } from '../lib/json.ts';
import { memo } from '../lib/memo.ts';

export const hostName = ({ name }: EncodedPart): string => name;
const virtualHostType = 'envoy.config.route.v3.VirtualHost';

/** The virtual hosts of a route configuration, be it put together from them or one piece. */
export const hostsOf = memo((route: XdsResource): readonly EncodedPart[] => {
  if (route.parts !== null) return route.parts;
  const hosts = route.json['virtual_hosts'];
  const list = Array.isArray(hosts) ? hosts.filter(isObject) : [];
  return list.map((host) => encodedPart(virtualHostType, String(host['name'] ?? ''), host, route.origins));
});

export const hostsByName = memo((route: XdsResource): ReadonlyMap<string, EncodedPart> => {
  return new Map(hostsOf(route).map((host) => [hostName(host), host]));
});

/** Answers 503 in the place of a virtual host. */
export const unavailable = memo(({ name, json, origins }: EncodedPart): EncodedPart => {
  const routes = [{ match: { prefix: '/' }, direct_response: { status: 503 } }];
  return encodedPart(virtualHostType, name, { name, domains: json['domains'] ?? [], routes }, origins);
});

/** A form under the domains of a newer one: other virtual hosts may have taken over some, and Envoy wants each once. */
export const underDomains = memo((form: EncodedPart, { json }: EncodedPart): EncodedPart => {
  if (deepEqual(form.json['domains'], json['domains'])) return form;
  return encodedPart(virtualHostType, form.name, { ...form.json, domains: json['domains'] ?? [] }, form.origins);
});

type Forms = ReadonlyMap<string, EncodedPart>;
const intern = interner<Forms>();

/** Equal forms are one object, so that equal proxies share what is put together from them. */
export function internForms(forms: readonly EncodedPart[]): Forms {
  const key = JSON.stringify(forms.map((form) => [hostName(form), form.version]));
  return intern(hash('sha256', key), () => new Map(forms.map((form) => [hostName(form), form])));
}

/** A route configuration with some of its virtual hosts in another form. */
export const composed = memo((route: XdsResource, forms: Forms): XdsResource => {
  const { name: _name, virtual_hosts: _hosts, ...shell } = route.json;
  return routeConfiguration(
    route.name,
    shell,
    hostsOf(route).map((host) => forms.get(hostName(host)) ?? host),
  );
});
