// The rehearsal of a start: it serves for real, and leaves nothing.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { rehearse } from '../../src/cli/serve/rehearsal/rehearsal.ts';
import { encoded } from '../../src/envoy/resource.ts';

const open = (): readonly string[] => process.getActiveResourcesInfo().filter((kind) => /TCP|Pipe|Server/.test(kind));

test('a rehearsal serves for real, takes its time and leaves nothing open', async () => {
  const [before, messages] = [open(), encoded.messages];
  await rehearse(100);
  await sleep(50);
  expect(encoded.messages).toBeGreaterThan(messages + 40);
  expect(open()).toEqual(before);
});
