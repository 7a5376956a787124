// S-08, S-09, S-10: clients that break HTTP/2 or use it up. Under each attack the process lives, a proxy that was connected
// before gets its changes, and afterwards nothing of the attack is left.
import { describe, expect, test } from 'vitest';
import type { XdsTimers } from '../../src/xds/server-options.ts';
import { type Attack, exhausting, malformed } from '../harness/attacks.ts';
import { inWorld, text } from './world.ts';

/** Runs an attack beside a proxy that gets a change before, during and after it. */
async function withstand(attack: Attack, timers: Partial<XdsTimers> = {}): Promise<void> {
  await inWorld(
    'delta',
    async ({ connect, provider, server, events }) => {
      const proxy = connect();
      provider.publish({ cluster: 'a=1' });
      proxy.subscribe('cluster');
      await proxy.take('cluster');
      let over = false;
      const attacked = attack(server.port).finally(() => {
        over = true;
      });
      let content = 2;
      do {
        provider.publish({ cluster: `a=${content}` });
        expect(text(await proxy.take('cluster'))).toBe(`a=${content}`);
        content += 1;
      } while (!over && content < 50);
      await attacked;
      provider.publish({ cluster: `a=${content}` });
      expect(text(await proxy.take('cluster'))).toBe(`a=${content}`);
      expect(server.streams()).toHaveLength(1);
      expect(events.filter(({ kind }) => kind === 'fault')).toEqual([]);
    },
    timers,
  );
}

const short = { idleConnection: 100, firstRequest: 100, write: 100, handshake: 100 };

describe('S-08: a proxy gets its changes under', () => {
  for (const [name, attack] of Object.entries(malformed)) test(name, () => withstand(attack));
});

describe('S-09, S-10: a proxy gets its changes under', () => {
  for (const [name, attack] of Object.entries(exhausting)) test(name, () => withstand(attack, short));
});
