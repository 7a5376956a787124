// What may be sent of what was translated. The rest is a fault of ours: it is left out, and everything else goes on.
import type { ResourceTable, XdsResource } from '../envoy/resource.ts';
import { isObject, type JsonValue } from '../lib/json.ts';
import { touchedKeys } from '../lib/layered-map.ts';
import { memo } from '../lib/memo.ts';
import { type Diagnostic, diagnose } from '../model/diagnostic.ts';

interface Sendable {
  readonly table: ResourceTable;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Encodes what is new. What does not encode is left out, and so is what Envoy would wait for in vain. `before`: a table that
 * can be sent as it is.
 */
export function sendable(table: ResourceTable, before: ResourceTable | undefined): Sendable {
  return before !== undefined && isAsGood(before, table) ? { table, diagnostics: [] } : withoutBad(table);
}

/** Whether a table that came from one that can be sent can be sent as well. */
const isAsGood = memo((before: ResourceTable, table: ResourceTable): boolean => {
  const touched = touchedKeys(before, table);
  const resources = [...(touched ?? [])].flatMap((name) => table.get(name) ?? []);
  return touched !== null && resources.every((resource) => fault(resource) === null);
});

const fault = (resource: XdsResource): string | null => encodingError(resource) ?? missingSecret(resource);

const withoutBad = memo((table: ResourceTable): Sendable => {
  const diagnostics: Diagnostic[] = [];
  const bad = new Set<string>();
  for (const resource of table.values()) {
    const error = fault(resource);
    if (error === null) continue;
    const { name, origins } = resource;
    bad.add(name);
    diagnostics.push(...origins.slice(0, 1).map((origin) => diagnose('SLC0502', origin, `${name}: ${error}`)));
  }
  if (bad.size === 0) return { table, diagnostics };
  return { table: new Map([...table].filter(([name]) => !bad.has(name))), diagnostics };
});

/** Encodes it; why that fails, or null. */
export function encodingError(resource: Pick<XdsResource, 'version'>): string | null {
  try {
    return resource.version === '' ? 'no version' : null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const missingSecret = (resource: XdsResource): string | null =>
  resource.kind === 'cluster' || resource.kind === 'listener' ? secretNeeded(resource) : null;

/**
 * Secrets are not served over ADS: a cluster or listener that names one (SdsSecretConfig) would never be warm, and keep
 * all others of its response waiting.
 */
const secretNeeded = memo(({ json }: XdsResource): string | null => {
  const [name] = secretsOver(json);
  return name === undefined ? null : `the secret ${name} is not served`;
});

function secretsOver(value: JsonValue): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(secretsOver);
  if (!isObject(value)) return [];
  const { sds_config: source, name } = value;
  const own = isObject(source) && source['ads'] !== undefined ? [String(name)] : [];
  return [...own, ...Object.values(value).flatMap(secretsOver)];
}
