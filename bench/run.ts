// `make bench`: Sluice and go-control-plane on the same workloads, in turn, and the ratios against the goals.
// Usage: run.ts [--only S,M] [--runs 3] [--changes N] [--scale 1] [--cache linear|snapshot]
// [--mode delta|sotw] [--markdown]
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { verdicts } from './goals.ts';
import { measurements } from './measure/parts.ts';
import { Workspace } from './measure/workspace.ts';
import { goalsTable, markdown, plain, servedTable, startTable, translationTable } from './report.ts';
import type { MutableResults, Results } from './results.ts';
import { type Part, parts } from './workloads.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: parts.join(',') },
    runs: { type: 'string', default: '3' },
    changes: { type: 'string' },
    scale: { type: 'string', default: '1' },
    cache: { type: 'string', default: 'linear' },
    mode: { type: 'string', default: 'delta' },
    markdown: { type: 'boolean', default: false },
  },
});

function chosenParts(): readonly Part[] {
  const names = values.only.split(',').map((name) => oneOf(name, parts));
  return parts.filter((part) => names.includes(part));
}

function oneOf<T extends string>(word: string, known: readonly T[]): T {
  const found = known.find((each) => each === word);
  if (found === undefined) throw new Error(`there is no ${word}; there are ${known.join(', ')}`);
  return found;
}

/** Measures one part after the other. What fails is said, and the others are measured all the same. */
async function measure(chosen: readonly Part[], folder: string): Promise<{ results: Results; failed: boolean }> {
  const began = performance.now();
  const progress = (text: string): void => {
    console.error(`${((performance.now() - began) / 1000).toFixed(0).padStart(4)} s  ${text}`);
  };
  const [runs, scale] = [Number(values.runs), Number(values.scale)];
  const changes = values.changes === undefined ? null : Number(values.changes);
  const cache = oneOf(values.cache, ['linear', 'snapshot']);
  const mode = oneOf(values.mode, ['delta', 'sotw']);
  const work = new Workspace({ runs, changes, scale, cache, mode, folder, progress });
  const results: MutableResults = {};
  let failed = false;
  for (const part of chosen) {
    try {
      await measurements[part](work, results);
    } catch (error) {
      failed = true;
      progress(`${part} FAILED: ${error instanceof Error ? error.message : error}`);
    }
  }
  return { results, failed };
}

function print(results: Results, chosen: readonly Part[]): void {
  const write = values.markdown ? markdown : plain;
  const judged = verdicts(results, chosen);
  for (const table of [servedTable(results), startTable(results), translationTable(results), goalsTable(judged)]) {
    if (table !== null && table.rows.length > 0) console.log(`\n${write(table)}`);
  }
  const stretch = judged.filter(({ goal }) => goal.stretch !== null);
  console.log(`\nstretch goals: ${stretch.filter(({ stretchMet }) => stretchMet).length} of ${stretch.length} met`);
  console.log(`goals: ${judged.filter(({ met }) => met).length} of ${judged.length} met`);
}

const folder = await mkdtemp(join(tmpdir(), 'sluice-bench-'));
try {
  const chosen = chosenParts();
  const { results, failed } = await measure(chosen, folder);
  print(results, chosen);
  process.exitCode = failed ? 1 : 0;
} finally {
  await rm(folder, { recursive: true });
}
