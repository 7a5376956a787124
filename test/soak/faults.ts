// What goes wrong in a soak run. Each fault begins, lasts for some changes, and is over.
import { setTimeout as delay } from 'node:timers/promises';
import type { Stage } from './stage.ts';

export interface Fault {
  readonly name: string;
  readonly begin: (stage: Stage) => Promise<void>;
  readonly end: (stage: Stage) => Promise<void>;
}

const killed: Fault = {
  name: 'killed',
  begin: ({ serving }) => serving.end('SIGKILL'),
  end: ({ serving }) => serving.start(),
};

const stopped: Fault = {
  name: 'stopped',
  begin: ({ serving }) => serving.end('SIGTERM'),
  end: ({ serving }) => serving.start(),
};

const paused: Fault = {
  name: 'paused',
  begin: async ({ serving }) => serving.pause(),
  end: async ({ serving }) => {
    await delay(1000);
    serving.resume();
  },
};

const connectionsReset: Fault = {
  name: 'connections reset',
  begin: async ({ relay }) => relay.reset(),
  end: async ({ relay }) => {
    for (let again = 0; again < 3; again += 1) {
      await delay(200);
      relay.reset();
    }
  },
};

const broken = 'kind: Service\nmetadata: {name: [\n';

const brokenFile: Fault = {
  name: 'broken file',
  begin: (stage) => stage.write('broken.yaml', broken),
  end: (stage) => stage.remove('broken.yaml'),
};

/** A file of a service that is called is broken, and then whole again: until then its last good form holds. */
const brokenService: Fault = {
  name: 'broken service',
  begin: async (stage) => {
    const [name = ''] = stage.files.keys();
    await stage.write(name, broken);
    await delay(500);
    await stage.write(name, stage.files.get(name) ?? '');
  },
  end: async () => {},
};

/** Every second one is a kill. */
export const faults: readonly [Fault, ...Fault[]] = [
  killed,
  brokenFile,
  killed,
  paused,
  killed,
  connectionsReset,
  killed,
  stopped,
  killed,
  brokenService,
];
