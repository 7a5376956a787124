// The short form of `make soak`: changes of all kinds under load, while the control plane is killed and comes back.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { soak, total } from '../soak/soak.ts';

const worker = Number(process.env['VITEST_POOL_ID'] ?? 1);

test('R-40: kills of the control plane among changes lose no request', { timeout: 180_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-soak-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const result = await soak({
    folder,
    network: 100 + (worker % 100),
    rate: 300,
    envoys: 2,
    seed: 1,
    pause: 100,
    enough: ({ faults, changes }) => (faults.get('killed') ?? 0) >= 2 && total(changes) >= 20,
  });
  expect(result.troubles).toEqual([]);
  expect(result.reasons).toEqual([]);
  expect(result.failed).toBe(0);
  // The load was real.
  expect(result.requests).toBeGreaterThan(total(result.changes));
});
