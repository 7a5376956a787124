// The proxies for the eye: a table, what they refused, and what waits.
import { type Finding, formatFindings } from '../diagnostics.ts';
import type { ProxyReport, TypeReport } from '../serve/proxies.ts';
import { printable, table } from '../terminal.ts';
import { refusalsOf } from './read-proxies.ts';

const headings = ['NAME', 'ROLE', 'CDS', 'LDS', 'EDS', 'RDS', 'PROTOCOL', 'SINCE'];
const wideHeadings = ['IP', 'RESOURCES', 'ISSUED', 'ERRORS', 'ID'];

/** So many refusals are shown. */
const mostShown = 20;

/** The table, and under it what was refused and what is held. `now` is in milliseconds since 1970. */
export function showProxies(proxies: readonly ProxyReport[], wide: boolean, now: number): string {
  if (proxies.length === 0) return '';
  const rows = proxies.map((proxy) => [...row(proxy, now), ...(wide ? wideCells(proxy) : [])]);
  const all = wide ? [...headings, ...wideHeadings] : headings;
  return [table(all, rows), refusals(proxies), held(proxies)].filter((part) => part !== '').join('\n');
}

function row({ name, namespace, role, types, protocol, connectedSince }: ProxyReport, now: number): readonly string[] {
  const { cluster, listener, endpoint, route } = types;
  const states = [cluster, listener, endpoint, route].map((type) => type?.state.toUpperCase() ?? '');
  return [`${name}.${namespace}`, role, ...states, protocol, age(now - Date.parse(connectedSince))];
}

function wideCells({ id, ip, types, load }: ProxyReport): readonly string[] {
  const { cluster, listener, endpoint, route } = types;
  const counts = [cluster, listener, endpoint, route].map((type) => type?.resources ?? 0).join('/');
  const sum = (field: 'issued' | 'errors'): string =>
    load === null ? '' : String(load.clusters.reduce((total, each) => total + each[field], 0));
  return [ip, counts, sum('issued'), sum('errors'), id];
}

/** `12s`, `5m`, `3h12m`, `4d`: as kubectl says it. */
function age(milliseconds: number): string {
  if (!Number.isFinite(milliseconds)) return '';
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 120) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours}h${minutes % 60}m` : `${Math.floor(hours / 24)}d`;
}

function refusals(proxies: readonly ProxyReport[]): string {
  const findings = alike(proxies.flatMap(refusalsOf));
  const more = findings.length > mostShown ? `and ${findings.length - mostShown} more: -o json shows all\n` : '';
  return formatFindings(findings.slice(0, mostShown), () => undefined, process.stdout) + more;
}

/** Proxies that refuse the same say it once. */
function alike(findings: readonly Finding[]): readonly Finding[] {
  const said = (finding: Finding): string =>
    JSON.stringify({ ...finding, message: finding.message.replace(/^.*? refused it: /, '') });
  return [...Map.groupBy(findings, said).values()].flatMap(([first, ...others]) => {
    if (first === undefined || others.length === 0) return first ?? [];
    return [
      { ...first, message: `${first.message} (and ${others.length} other ${others.length > 1 ? 'proxies' : 'proxy'})` },
    ];
  });
}

function held(proxies: readonly ProxyReport[]): string {
  const lines = proxies.flatMap(({ name, namespace, types }) => {
    const names = Object.values(types).flatMap((type: TypeReport | null) => type?.held ?? []);
    if (names.length === 0) return [];
    const shown = names.slice(0, 5).join(', ') + (names.length > 5 ? ` and ${names.length - 5} more` : '');
    return [`${name}.${namespace} waits to acknowledge the clusters that these name: ${shown}`];
  });
  return lines
    .slice(0, mostShown)
    .map((line) => `${printable(line)}\n`)
    .join('');
}
