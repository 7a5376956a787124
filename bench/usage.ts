// What a process has used so far, from /proc.
import { readFileSync } from 'node:fs';

export interface Usage {
  readonly cpuSeconds: number;
  /** Resident, in MiB: now, and the most so far. */
  readonly memory: number;
  readonly peak: number;
}

/** USER_HZ: the unit of /proc/PID/stat. */
const ticks = 100;

export function usageOf(pid: number): Usage {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return {
    cpuSeconds: (Number(stat[11]) + Number(stat[12])) / ticks,
    memory: Math.round(mebibytes(status, 'VmRSS:')),
    peak: Math.round(mebibytes(status, 'VmHWM:')),
  };
}

function mebibytes(status: string, name: string): number {
  const line = status.split('\n').find((each) => each.startsWith(name)) ?? '';
  return Number(line.split(/\s+/)[1] ?? 0) / 1024;
}
