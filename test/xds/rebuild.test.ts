// while everything is made anew, the event loop has its turns, and proxies are handed nothing before all is made.
import { expect, onTestFinished, test } from 'vitest';
import { ControlPlane, type Publication } from '../../src/control-plane.ts';
import { proxyNode } from '../../src/envoy/node.ts';
import { resourceKinds } from '../../src/envoy/types.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import type { SourceObject } from '../../src/model/object.ts';
import type { Source, SourceReport } from '../../src/sources/source.ts';
import type { Snapshot } from '../../src/xds/snapshot.ts';
import { service, slice } from '../translate/objects.ts';

const count = 1000;

/** Services on this port, and their endpoints. */
const services = (port: number): readonly SourceObject[] =>
  [...Array(count).keys()].flatMap((index) => [
    service({ name: `s${index}`, ports: [{ name: 'http', port }] }),
    slice({
      service: `s${index}`,
      addresses: [`10.${port}.${index >> 8}.${index & 255}`],
      ports: [{ name: 'http', port }],
    }),
  ]);

/** Calls `onRead` when the object is read first. */
function marked(object: SourceObject, onRead: () => void): SourceObject {
  let read = false;
  return {
    ...object,
    get json(): JsonObject {
      if (!read) onRead();
      read = true;
      return object.json;
    },
  };
}

/** A control plane on these objects, and what it hands to a proxy. */
async function running(first: readonly SourceObject[]) {
  let onReport: (report: SourceReport) => void = () => {};
  const apply = (objects: readonly SourceObject[]): void =>
    onReport({ changes: objects.map((object) => ({ kind: 'applied', object })), diagnostics: [] });
  const source: Source = {
    start: async (report) => {
      onReport = report;
      apply(first);
    },
    close: async () => {},
  };
  const controlPlane = new ControlPlane({ sources: [source], allowLoopbackEndpoints: false });
  onTestFinished(() => controlPlane.close());
  await controlPlane.start();
  const snapshots: Snapshot[] = [];
  const feed = controlPlane.follow(proxyNode(), (snapshot) => snapshots.push(snapshot));
  onTestFinished(() => feed.close());
  const published = (): Promise<Publication> =>
    new Promise((resolve) => {
      const stop = controlPlane.onPublish((publication) => {
        stop();
        resolve(publication);
      });
    });
  return { apply, published, snapshots };
}

/** Counts the turns of the event loop from its start on, and calls `atFirst` in the first of them. */
function turns(atFirst: () => void) {
  let number = 0;
  const next = (): void => {
    number += 1;
    if (number === 1) atFirst();
    pending = setImmediate(next);
  };
  let pending: NodeJS.Immediate | undefined;
  onTestFinished(() => clearImmediate(pending));
  return {
    begin: () => {
      pending = setImmediate(next);
    },
    get number() {
      return number;
    },
  };
}

const versions = (snapshot: Snapshot | undefined): readonly string[] =>
  resourceKinds.flatMap((kind) =>
    [...(snapshot?.[kind].values() ?? [])].map(({ name, version }) => `${name} ${version}`),
  );

test('R-33: a rebuild of 1000 services lets the event loop have its turns, and is handed out as a whole', async () => {
  const { apply, published, snapshots } = await running(services(80));
  const next = services(81);
  const [head, ...rest] = next;
  const late = service({ name: 'late', ports: [{ name: 'http', port: 81 }] });
  const loop = turns(() => apply([late]));
  if (head === undefined) throw new Error('no service');
  const done = published();
  apply([marked(head, loop.begin), ...rest]);
  await done;
  expect(loop.number).toBeGreaterThan(2);
  const fresh = await running(next);
  expect(snapshots.map((snapshot) => snapshot.endpoint.size)).toEqual([count, count]);
  expect(versions(snapshots.at(-1))).toEqual(versions(fresh.snapshots[0]));
  await published();
  expect(versions(snapshots.at(-1))).toEqual(versions((await running([...next, late])).snapshots[0]));
});
