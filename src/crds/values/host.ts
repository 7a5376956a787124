// Hosts as rules name them, and to whom rules are exported.
import { serviceHost } from '../../model/names.ts';
import { objectName } from '../../model/object.ts';
import { everybody } from '../../model/service.ts';
import { type Decoder, list, nonEmptyString, report, type Spot } from './decode.ts';

/** A name without a dot is a service in the rule's own namespace; all else is a full name already. */
export function fullHost(host: string, namespace: string): string {
  return host.includes('.') || host.includes('*') ? host.toLowerCase() : serviceHost(host.toLowerCase(), namespace);
}

/** The host that a name at this place means: short names are at home in the namespace of the object. */
export function hostAt(name: string, { origin }: Spot): string {
  return fullHost(name, objectName(origin.object).namespace);
}

/** The namespaces that an `exportTo` names; `*`: all. */
export function exportedTo(exportTo: readonly string[] = ['*'], namespace: string): ReadonlySet<string> {
  return exportTo.length === 1 && exportTo[0] === '*'
    ? everybody
    : new Set(exportTo.map((each) => (each === '.' ? namespace : each)));
}

const namespaceCharacters = new Set('-0123456789abcdefghijklmnopqrstuvwxyz');

/** `*`: all, `.`: the rule's own, or the name of a namespace. */
const exportName: Decoder<string> = (value, spot) => {
  const name = nonEmptyString(value, spot);
  if (name === undefined || name === '*' || name === '.') return name;
  const known = name.length <= 63 && [...name].every((character) => namespaceCharacters.has(character));
  return known ? name : report(spot, 'SLC0105', 'is to be *, . or the name of a namespace');
};

/** Invalid entries export to nobody; only a list that is absent or empty means everybody. */
export const exportTo: Decoder<readonly string[]> = (value, spot) =>
  Array.isArray(value) && value.length === 0 ? ['*'] : (list(exportName)(value, spot) ?? []);

const hostCharacters = new Set('-_.0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ');

/** A DNS name as requests are addressed to. */
export const hostName: Decoder<string> = (value, spot) => {
  const host = nonEmptyString(value, spot);
  if (host === undefined) return undefined;
  const known = host.length <= 253 && [...host].every((character) => hostCharacters.has(character));
  return known && !host.startsWith('.') ? host : report(spot, 'SLC0105', 'is not the name of a host');
};

/** The same; its first label may be `*`. */
export const hostPattern: Decoder<string> = (value, spot) => {
  if (value === '*' || typeof value !== 'string' || !value.startsWith('*.')) {
    return value === '*' ? value : hostName(value, spot);
  }
  return hostName(value.slice(2), spot) && value;
};
