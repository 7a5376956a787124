// The program of a server pod, run in the pod's network.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Pod } from './network.ts';

const program = fileURLToPath(new URL('./pod-server.ts', import.meta.url));

/** Resolves when it listens. */
export async function startPodServer({ enter }: Pod, name: string): Promise<{ readonly end: () => Promise<void> }> {
  const [command = '', ...args] = [...enter, process.execPath, program, name];
  const server: ChildProcess = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  if (server.stdout !== null) await once(server.stdout, 'data');
  return {
    end: async () => {
      server.stdin?.end();
      if (server.exitCode === null) await once(server, 'exit');
    },
  };
}
