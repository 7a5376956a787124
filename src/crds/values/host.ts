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

/** What does not say to whom it is exported. One and the same set, since the mesh may have a default of its own. */
export const exportedByDefault: ReadonlySet<string> = new Set(['*']);

/** The namespaces that an `exportTo` names; `*`: all. */
export function exportedTo(exportTo: readonly string[] | undefined, namespace: string): ReadonlySet<string> {
  if (exportTo === undefined) return exportedByDefault;
  return exportTo.length === 1 && exportTo[0] === '*'
    ? everybody
    : new Set(exportTo.map((each) => (each === '.' ? namespace : each)));
}

const namespaceCharacters = new Set('-0123456789abcdefghijklmnopqrstuvwxyz');

const isNamespace = (name: string): boolean =>
  name.length <= 63 && [...name].every((character) => namespaceCharacters.has(character));

/** The name of a namespace. */
export const namespaceName: Decoder<string> = (value, spot) => {
  const name = nonEmptyString(value, spot);
  if (name === undefined) return undefined;
  return isNamespace(name) ? name : report(spot, 'SLC0105', 'is not the name of a namespace');
};

/** `*`: all, `.`: the rule's own, or the name of a namespace. */
const exportName: Decoder<string> = (value, spot) => {
  const name = nonEmptyString(value, spot);
  if (name === undefined || name === '*' || name === '.' || isNamespace(name)) return name;
  return report(spot, 'SLC0105', 'is to be *, . or the name of a namespace');
};

/** Invalid entries export to nobody; only a list that is absent or empty means everybody. */
export const exportTo: Decoder<readonly string[]> = (value, spot) =>
  Array.isArray(value) && value.length === 0 ? undefined : (list(exportName)(value, spot) ?? []);

/** The same for services, which may be for nobody: `~`. */
export const serviceExportTo: Decoder<readonly string[]> = (value, spot) =>
  Array.isArray(value) && value.length === 1 && value[0] === '~' ? ['~'] : exportTo(value, spot);

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
