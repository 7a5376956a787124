// `make soak`: the long run. The last line says how it went; the exit status is 1 if anything failed.
// Usage: main.ts [--minutes 12] [--rate 2000] [--envoys 3] [--seed N] [--keep]
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type SoakResult, soak, total } from './soak.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '12' },
    rate: { type: 'string', default: '2000' },
    envoys: { type: 'string', default: '3' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    keep: { type: 'boolean', default: false },
  },
});

/** No test has its backends there. */
const network = 99;
const began = performance.now();
const elapsed = (): number => (performance.now() - began) / 1000;
const end = 60 * Number(values.minutes);

function summary({ requests, failed, changes, faults }: SoakResult): string {
  return `requests ${requests} failed ${failed} changes ${total(changes)} faults ${total(faults)}`;
}

function enough(soFar: SoakResult): boolean {
  console.error(`${elapsed().toFixed(0).padStart(4)} s  ${summary(soFar)}`);
  return elapsed() >= end;
}

const folder = await mkdtemp(join(tmpdir(), 'sluice-soak-'));
console.error(`seed ${values.seed}, ${values.envoys} Envoys, ${values.rate} requests/s, ${values.minutes} minutes`);
try {
  const [rate, envoys, seed] = [Number(values.rate), Number(values.envoys), Number(values.seed)];
  const result = await soak({ folder, network, rate, envoys, seed, pause: 400, enough });
  for (const [name, count] of [...result.changes, ...result.faults])
    console.log(`${String(count).padStart(5)}  ${name}`);
  for (const line of [...new Set(result.troubles), ...result.reasons]) console.log(line);
  console.log(summary(result));
  process.exitCode = result.failed > 0 || result.troubles.length > 0 ? 1 : 0;
} finally {
  if (values.keep) console.error(`logs are in ${folder}`);
  else await rm(folder, { recursive: true });
}
