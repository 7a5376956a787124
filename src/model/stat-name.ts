// What Envoy counts a cluster under, where MeshConfig has a pattern for it.

/** What may stand in percent signs. */
export const statNameParts = [
  'SERVICE',
  'SERVICE_NAME',
  'SERVICE_FQDN',
  'SERVICE_PORT',
  'SERVICE_PORT_NAME',
  'TARGET_PORT',
  'SUBSET_NAME',
] as const;

export type StatNameParts = Readonly<Record<(typeof statNameParts)[number], string>>;

/** A pattern whose every second piece between percent signs is one of the parts, with these filled in. */
export function fillStatName(pattern: string, parts: StatNameParts): string {
  const values: Readonly<Record<string, string>> = parts;
  return pattern
    .split('%')
    .map((word, index) => (index % 2 === 0 ? word : (values[word] ?? '')))
    .join('');
}
