// Results as tables, for a terminal or as Markdown.
import type { Verdict } from './goals.ts';
import type { SyncReport } from './load.ts';
import type { Measured, Results, Start, Storm } from './results.ts';

interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

const seconds = (ms: number): string => (ms / 1000).toFixed(2);
const mebibytes = (value: number): string => value.toFixed(0);

const syncCells = ({ syncMs, server, bytes, proxies }: SyncReport): readonly string[] => [
  seconds(syncMs.max),
  server.cpu.toFixed(2),
  (bytes / proxies / (1 << 20)).toFixed(2),
];

function servedRow(workload: string, name: string, measured: Measured | undefined): readonly (readonly string[])[] {
  if (measured === undefined) return [];
  const { changeMs, server } = measured.changes;
  const cells = [changeMs.p50.toFixed(1), changeMs.p99.toFixed(1), measured.changes.cpuPerChange.toFixed(3)];
  return [
    [workload, name, ...syncCells(measured.sync), ...cells, mebibytes(server.peak), String(measured.changes.failures)],
  ];
}

function syncRow(workload: string, name: string, report: SyncReport | undefined): readonly (readonly string[])[] {
  return report === undefined
    ? []
    : [[workload, name, ...syncCells(report), '', '', '', mebibytes(report.server.peak), String(report.failures)]];
}

/** All servers under load. */
export function servedTable(results: Results): Table {
  const head = [
    'workload',
    'server',
    'in sync s',
    'CPU s',
    'MiB each',
    'change p50 ms',
    'p99 ms',
    'CPU s',
    'peak MiB',
    'broken',
  ];
  const compared = (['S', 'M', 'L'] as const).flatMap((name) => [
    ...servedRow(name, 'sluice', results[name]?.sluice),
    ...servedRow(name, 'go-control-plane', results[name]?.peer),
  ]);
  const { tls, storm } = results;
  return {
    head,
    rows: [
      ...compared,
      ...servedRow('M', 'prototype', results.prototype),
      ...syncRow('M, a namespace each', 'sluice', results.namespaces),
      ...syncRow('M, mutual TLS', 'sluice', tls?.sluice),
      ...(tls === undefined
        ? []
        : [['M, mutual TLS', 'node:tls alone', '', tls.markCpu.toFixed(2), '', '', '', '', '', '']]),
      ...stormRow('storm, with nothing', storm?.cold),
      ...stormRow('storm, with state', storm?.warm),
    ],
  };
}

function stormRow(name: string, storm: Storm | undefined): readonly (readonly string[])[] {
  return syncRow(name, 'sluice', storm?.sync);
}

export function startTable({ start }: Results): Table | null {
  if (start === undefined) return null;
  const row = (name: string, { readyMs, usage }: Start): readonly string[] => [
    name,
    seconds(readyMs),
    usage.cpuSeconds.toFixed(2),
    mebibytes(usage.memory),
  ];
  return {
    head: ['start with the YAML of', 'ready s', 'CPU s', 'MiB then'],
    rows: [row('M', start.M), row('L', start.L)],
  };
}

/** The growth is how much more it costs where there is ten times as much. */
export function translationTable({ translation }: Results): Table | null {
  if (translation === undefined) return null;
  const { M, L } = translation;
  const row = (name: string, [small, large]: readonly [number, number], differing = ''): readonly string[] => [
    name,
    small.toPrecision(3),
    large.toPrecision(3),
    (large / small).toFixed(1),
    differing,
  ];
  const changes = M.changes.map(({ kind, cost }, index) => {
    const { p50, differing } = L.changes[index]?.cost ?? cost;
    return row(`${kind}, ms`, [cost.p50, p50], `${cost.differing}, ${differing}`);
  });
  return {
    head: ['translation', `${M.services} services`, `${L.services}`, 'growth', 'resources that differ'],
    rows: [
      row('all at once, ms', [M.cold, L.cold], `${M.resources}, ${L.resources}`),
      row('memory of the objects, MiB', [M.objectsMemory, L.objectsMemory]),
      row('memory beside them, MiB', [M.memory, L.memory]),
      ...changes,
    ],
  };
}

export function goalsTable(verdicts: readonly Verdict[]): Table {
  const written = (value: number | undefined, unit: string): string =>
    value === undefined ? 'n/a' : `${value.toPrecision(3)}${unit === '×' ? '' : ` ${unit}`}`;
  return {
    head: ['goal', 'measured', 'required', 'stretch', ''],
    rows: verdicts.map(({ goal, value, met, stretchMet }) => [
      goal.name,
      written(value, goal.unit),
      `≤ ${goal.required}`,
      goal.stretch === null ? '' : `≤ ${goal.stretch}`,
      met ? (stretchMet ? 'met, stretch too' : 'met') : 'MISSED',
    ]),
  };
}

/** Columns of equal width. */
export function plain({ head, rows }: Table): string {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        isNumber(rows, column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd();
  return [line(head), ...rows.map(line)].join('\n');
}

function isNumber(rows: readonly (readonly string[])[], column: number): boolean {
  return rows.every((row) => /^[\d.]*$/.test(row[column] ?? ''));
}

export function markdown({ head, rows }: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}
