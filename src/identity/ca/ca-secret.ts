// The files of a CA in a Secret of Kubernetes, which is made where there is none. All replicas sign with what is in it.
import { setTimeout as delay } from 'node:timers/promises';
import { ApiError, type KubeApi, type Request } from '../../kube/api.ts';
import { listPath, objectPath } from '../../kube/paths.ts';
import { isObject, type JsonObject, type JsonValue } from '../../lib/json.ts';
import { Broken } from '../pem-file.ts';
import { type CaFileName, type CaFiles, caFileNames } from './ca-material.ts';
import type { CaStore } from './ca-store.ts';

export interface SecretName {
  readonly namespace: string;
  readonly name: string;
}

/** How long an answer is waited for, and how long until it is asked for again, in milliseconds. */
const patience = { answer: 10_000, again: 1_000 };

/** An API that does not answer is waited for: what it says is an answer, but not that it is busy or broken. */
async function answered<T>(ask: (limits: Pick<Request, 'signal' | 'idle'>) => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask({ signal: AbortSignal.timeout(patience.answer), idle: patience.answer });
    } catch (error) {
      const said = error instanceof ApiError && error.status < 500 && error.status !== 429;
      if (said || error instanceof Broken) throw error;
      await delay(patience.again);
    }
  }
}

/** It is read anew now and then, so no right to watch Secrets is needed. */
export function caSecret(api: KubeApi, { namespace, name }: SecretName): CaStore {
  const place = `Secret ${namespace}/${name}: `;
  const secret = { kind: 'Secret', namespace, name };
  const failed = (error: unknown): Broken =>
    new Broken(`${place}the Kubernetes API does not hand it out: ${error instanceof Error ? error.message : error}`);
  return {
    place,
    read: async () => {
      try {
        const { data } = await answered((limits) => api.json({ path: objectPath(secret, 'v1'), ...limits }));
        return filesOf(data, place);
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return null;
        throw error instanceof Broken ? error : failed(error);
      }
    },
    create: async (files) => {
      try {
        const write = { method: 'POST', body: secretOf(files, namespace, name) } as const;
        await answered((limits) => api.json({ path: listPath(secret, 'v1'), write, ...limits }));
        return true;
      } catch (error) {
        if (error instanceof ApiError && error.status === 409) return false;
        throw failed(error);
      }
    },
    watch: () => () => {},
  };
}

function secretOf(files: CaFiles, namespace: string, name: string): JsonObject {
  const data = Object.entries(files).map(([key, text]) => [key, Buffer.from(text).toString('base64')]);
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { namespace, name, labels: { 'app.kubernetes.io/managed-by': 'sluice' } },
    type: 'Opaque',
    data: Object.fromEntries(data),
  };
}

/** A Secret without any of the files is one that is still to be filled. Throws Broken. */
function filesOf(data: JsonValue | undefined, place: string): CaFiles | null {
  const found = new Map<string, string>();
  for (const name of caFileNames) {
    const text = isObject(data) ? data[name] : undefined;
    if (typeof text === 'string') found.set(name, Buffer.from(text, 'base64').toString());
  }
  if (found.size === 0) return null;
  const need = (name: CaFileName): string => {
    const text = found.get(name);
    if (text === undefined) throw new Broken(`${place}there is no ${name}`);
    return text;
  };
  const chain = found.get('cert-chain.pem');
  return {
    'ca-cert.pem': need('ca-cert.pem'),
    'ca-key.pem': need('ca-key.pem'),
    'root-cert.pem': need('root-cert.pem'),
    ...(chain !== undefined && { 'cert-chain.pem': chain }),
  };
}
