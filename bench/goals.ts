// The goals, as data: what is measured, and which values are asked for. Ratios are to go-control-plane in the same run
// where nothing else is said.
import type { Comparison, Measured, Results } from './results.ts';
import type { Part } from './workloads.ts';

export interface Goal {
  readonly name: string;
  /** `×` is a ratio; the value must not be larger than these. */
  readonly unit: '×' | 's' | 'ms';
  readonly required: number;
  /** Null where only the required value counts. */
  readonly stretch: number | null;
  /** What has to be measured for it. */
  readonly needs: readonly Part[];
  /** Undefined where that could not be measured. */
  readonly value: (results: Results) => number | undefined;
}

type Read = (measured: Measured) => number;

const syncTime: Read = ({ sync }) => sync.syncMs.max;
const syncCpu: Read = ({ sync }) => sync.server.cpu;
const changeP99: Read = ({ changes }) => changes.changeMs.p99;
const changeCpu: Read = ({ changes }) => changes.cpuPerChange;
const peakMemory: Read = ({ changes }) => changes.server.peak;

function ratio(comparison: Comparison | undefined, read: Read): number | undefined {
  return comparison && read(comparison.sluice) / read(comparison.peer);
}

export const goals: readonly Goal[] = [
  {
    name: 'M: all in sync, time',
    unit: '×',
    required: 0.85,
    stretch: 0.7,
    needs: ['M'],
    value: ({ M }) => ratio(M, syncTime),
  },
  {
    name: 'M: all in sync, CPU',
    unit: '×',
    required: 0.4,
    stretch: 0.3,
    needs: ['M'],
    value: ({ M }) => ratio(M, syncCpu),
  },
  {
    name: 'M: a change, p99',
    unit: '×',
    required: 0.15,
    stretch: 0.08,
    needs: ['M'],
    value: ({ M }) => ratio(M, changeP99),
  },
  {
    name: 'M: CPU per change',
    unit: '×',
    required: 0.1,
    stretch: 0.04,
    needs: ['M'],
    value: ({ M }) => ratio(M, changeCpu),
  },
  {
    name: 'M: peak memory',
    unit: '×',
    required: 0.65,
    stretch: 0.45,
    needs: ['M'],
    value: ({ M }) => ratio(M, peakMemory),
  },
  {
    name: 'L: peak memory',
    unit: '×',
    required: 0.25,
    stretch: 0.18,
    needs: ['L'],
    value: ({ L }) => ratio(L, peakMemory),
  },
  {
    name: 'S: all in sync, time',
    unit: '×',
    required: 1,
    stretch: 0.75,
    needs: ['S'],
    value: ({ S }) => ratio(S, syncTime),
  },
  {
    name: 'S: a change, p99',
    unit: '×',
    required: 1,
    stretch: 0.75,
    needs: ['S'],
    value: ({ S }) => ratio(S, changeP99),
  },
  {
    name: 'M: CPU until in sync, × the prototype without translation',
    unit: '×',
    required: 1.5,
    stretch: 1.2,
    needs: ['M', 'prototype'],
    value: ({ M, prototype }) => M && prototype && syncCpu(M.sluice) / syncCpu(prototype),
  },
  {
    name: 'M: a namespace per proxy, time, × one namespace',
    unit: '×',
    required: 2,
    stretch: 1.3,
    needs: ['M', 'namespaces'],
    value: ({ M, namespaces }) => M && namespaces && namespaces.syncMs.max / syncTime(M.sluice),
  },
  {
    name: 'M: a namespace per proxy, CPU, × one namespace',
    unit: '×',
    required: 2,
    stretch: 1.3,
    needs: ['M', 'namespaces'],
    value: ({ M, namespaces }) => M && namespaces && namespaces.server.cpu / syncCpu(M.sluice),
  },
  {
    name: 'M over mutual TLS: CPU until in sync, × node:tls',
    unit: '×',
    required: 1.6,
    stretch: 1.3,
    needs: ['tls'],
    value: ({ tls }) => tls && tls.sluice.server.cpu / tls.markCpu,
  },
  {
    name: 'storm: all in sync',
    unit: 's',
    required: 20,
    stretch: 10,
    needs: ['storm'],
    value: ({ storm }) => storm && storm.cold.sync.syncMs.max / 1000,
  },
  {
    name: 'storm: longest stall of the event loop',
    unit: 'ms',
    required: 250,
    stretch: null,
    needs: ['storm'],
    value: ({ storm }) => storm?.cold.stallMs ?? undefined,
  },
  {
    name: 'storm: memory, × before it',
    unit: '×',
    required: 2,
    stretch: null,
    needs: ['storm'],
    value: ({ storm }) => storm && storm.cold.sync.server.peak / storm.cold.steadyMemory,
  },
  {
    name: 'start with the YAML of M',
    unit: 's',
    required: 5,
    stretch: 3,
    needs: ['start'],
    value: ({ start }) => start && start.M.readyMs / 1000,
  },
  {
    name: 'start with the YAML of L',
    unit: 's',
    required: 40,
    stretch: 20,
    needs: ['start'],
    value: ({ start }) => start && start.L.readyMs / 1000,
  },
];

export interface Verdict {
  readonly goal: Goal;
  /** Undefined: it could not be measured, so the goal is missed. */
  readonly value: number | undefined;
  readonly met: boolean;
  readonly stretchMet: boolean;
}

/** What came of the goals that these parts of a run are for. */
export function verdicts(results: Results, chosen: readonly Part[]): readonly Verdict[] {
  const asked = goals.filter(({ needs }) => needs.every((part) => chosen.includes(part)));
  return asked.map((goal) => {
    const value = goal.value(results);
    const within = (limit: number | null): boolean => value !== undefined && limit !== null && value <= limit;
    return { goal, value, met: within(goal.required), stretchMet: within(goal.stretch) };
  });
}
