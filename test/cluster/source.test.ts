// The source over a Kubernetes API: what every source promises.
import { afterAll, afterEach, beforeAll } from 'vitest';
import type { SourceReport } from '../../src/sources/source.ts';
import { type Begin, promises } from '../sources/conformance.ts';
import { Cluster } from './cluster.ts';
import { followCluster } from './kube-world.ts';

let cluster: Cluster;
beforeAll(async () => {
  cluster = await Cluster.start();
});
afterEach(async () => {
  await cluster.kubectl(['delete', 'configmaps,services', '--all', '--namespace=default']);
  await cluster.kubectl(['delete', 'nodes', '--all']);
});
afterAll(() => cluster?.close());

/** The API has some objects of its own. */
const own = /\/kube-system\/|^\/Service\/default\/kubernetes$/;
const idOf = (change: SourceReport['changes'][number]) => (change.kind === 'applied' ? change.object.id : change.id);

const overApi: Begin = async (texts) => {
  if (Object.keys(texts).length > 0) await cluster.apply(Object.values(texts).join('---\n'));
  const { log, started } = await followCluster(cluster, {
    see: ({ changes, diagnostics }) => ({ changes: changes.filter((each) => !own.test(idOf(each))), diagnostics }),
  });
  await started;
  return {
    log,
    put: (changed) => cluster.apply(Object.values(changed).join('---\n')),
    remove: async (name) => {
      await cluster.kubectl(['delete', 'configmap', name]);
    },
    file: () => '',
  };
};

promises('a Kubernetes API', overApi);
