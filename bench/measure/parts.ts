// What can be measured, each as a function of the workspace.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { medianOf } from '../median.ts';
import type { Comparison, Measured, MutableResults, Start, TranslationReport } from '../results.ts';
import { tool } from '../server-process.ts';
import { type Server, startPeer, startPrototype, startSluice, startTlsMark } from '../servers.ts';
import { usageOf } from '../usage.ts';
import type { Part } from '../workloads.ts';
import { measureServer, measureSync } from './served.ts';
import { measureStorm } from './storm.ts';
import type { Workspace } from './workspace.ts';

/** Of each kind. */
const translationChanges = 20;

/** Each adds what it measures to the results. */
export const measurements: { readonly [P in Part]: (work: Workspace, into: MutableResults) => Promise<void> } = {
  S: async (work, into) => {
    into.S = await compare(work, 'S', work.options.runs);
  },
  M: async (work, into) => {
    into.M = await compare(work, 'M', work.options.runs);
  },
  L: async (work, into) => {
    into.L = await compare(work, 'L', 1);
  },
  prototype: async (work, into) => {
    const data = await work.dump('M');
    into.prototype = await repeated(work, 'prototype', work.options.runs, () =>
      measureServer(() => startPrototype(data), work.proxies('M'), work.changes('M')),
    );
  },
  namespaces: async (work, into) => {
    const folder = await work.yaml('M');
    into.namespaces = await repeated(work, 'namespaces', work.options.runs, () =>
      measureSync(() => startSluice(folder), work.proxies('M'), ['-namespace', 'ns-{i}']),
    );
  },
  tls: async (work, into) => {
    into.tls = await repeated(work, 'tls', work.options.runs, () => measureTls(work));
  },
  storm: async (work, into) => {
    work.options.progress('storm: proxies come back with nothing');
    const cold = await measureStorm(work, 'cold');
    work.options.progress('storm: proxies come back with what they had');
    into.storm = { cold, warm: await measureStorm(work, 'warm') };
  },
  start: async (work, into) => {
    const M = await repeated(work, 'start M', work.options.runs, () => measureStart(work, 'M'));
    into.start = { M, L: await repeated(work, 'start L', 1, () => measureStart(work, 'L')) };
  },
  translation: async (work, into) => {
    const { runs } = work.options;
    const M = await repeated(work, 'translation M', runs, () => measureTranslation(work, 'M'));
    into.translation = { M, L: await repeated(work, 'translation L', 1, () => measureTranslation(work, 'L')) };
  },
};

/** Sluice and the peer in turn, so that both meet the same weather. */
async function compare(work: Workspace, name: 'S' | 'M' | 'L', runs: number): Promise<Comparison> {
  const [size, proxies] = [work.size(name), work.proxies(name)];
  const measured = async (who: string, start: () => Promise<Server>): Promise<Measured> => {
    work.options.progress(`${name}: ${who}`);
    return measureServer(start, proxies, work.changes(name));
  };
  return repeated(work, name, runs, async () => ({
    sluice: await measured('sluice', async () => startSluice(await work.yaml(name))),
    peer: await measured('go-control-plane', () => startPeer(size, work.options.cache)),
  }));
}

async function measureTls(work: Workspace): Promise<NonNullable<MutableResults['tls']>> {
  const [folder, certificates, proxies] = [await work.yaml('M'), await work.certificates(), work.proxies('M')];
  const sluice = await measureSync(() => startSluice(folder, { certificates }), proxies, certificates.clientFlags);
  const bytes = Math.round(sluice.bytes / proxies.count);
  const mark = await startTlsMark(certificates, bytes);
  try {
    const before = usageOf(mark.pid);
    const target = ['-addr', mark.address('tls'), '-n', String(proxies.count), '-bytes', String(bytes)];
    await promisify(execFile)(tool('tlsread'), [...target, ...certificates.clientFlags]);
    return { sluice, markCpu: usageOf(mark.pid).cpuSeconds - before.cpuSeconds };
  } finally {
    await mark.kill();
  }
}

async function measureStart(work: Workspace, name: 'M' | 'L'): Promise<Start> {
  const server = await startSluice(await work.yaml(name));
  const usage = usageOf(server.pid);
  await server.kill();
  return { readyMs: server.readyAfter, usage };
}

async function measureTranslation(work: Workspace, name: 'M' | 'L'): Promise<TranslationReport> {
  const main = join(import.meta.dirname, '../translation/main.ts');
  const size = [work.size(name).services, translationChanges].map(String);
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', main, ...size]);
  return JSON.parse(stdout) as TranslationReport;
}

async function repeated<T>(work: Workspace, name: string, runs: number, run: () => Promise<T>): Promise<T> {
  const results: T[] = [];
  for (let i = 1; i <= runs; i += 1) {
    work.options.progress(runs === 1 ? name : `${name}: run ${i} of ${runs}`);
    results.push(await run());
  }
  const [first, ...rest] = results;
  if (first === undefined) throw new Error('nothing was run');
  return medianOf([first, ...rest]);
}
