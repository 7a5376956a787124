// A change of a ServiceEntry or WorkloadEntry costs what it touches, beside many services that stay.
import { expect, test } from 'vitest';
import { proxyNode } from '../../src/envoy/node.ts';
import { encoded } from '../../src/envoy/resource.ts';
import { resourceKinds } from '../../src/envoy/types.ts';
import type { SourceObject } from '../../src/model/object.ts';
import { Translator } from '../../src/translate/translator.ts';
import { objectSet, service, serviceEntry, slice, workloadEntry } from './objects.ts';

const http = [{ name: 'http', port: 80 }];
const count = 100;

const services = Array.from({ length: count }, (_, i) => [
  service({ name: `s${i}`, ports: http, spec: { selector: { app: `s${i}` } } }),
  slice({ service: `s${i}`, addresses: [`10.0.${i}.1`], ports: http }),
]).flat();

const ports = [{ number: 80, name: 'http', protocol: 'HTTP' }];
const named = Array.from({ length: count }, (_, i) =>
  serviceEntry(`e${i}`, { hosts: [`e${i}.example.com`], resolution: 'DNS', ports }),
);
const machine = (address: string): SourceObject => workloadEntry('vm', { address, labels: { app: 's7' } });

/** The names of the resources that differ after a change, and how many were encoded for it. */
function changed(before: readonly SourceObject[], after: readonly SourceObject[]) {
  const translator = new Translator({ allowLoopbackEndpoints: false });
  const node = proxyNode({});
  const first = translator.resolve(objectSet([...services, ...named, ...before])).value;
  const old = translator.emit(first, translator.group(first, node)).value;
  const start = encoded.messages;
  const second = translator.resolve(objectSet([...services, ...named, ...after])).value;
  const now = translator.emit(second, translator.group(second, node)).value;
  const names = resourceKinds.flatMap((kind) =>
    [...now[kind].values()].filter((each) => old[kind].get(each.name) !== each).map(({ name }) => `${kind} ${name}`),
  );
  return { names, encoded: encoded.messages - start };
}

test('a WorkloadEntry that moves changes the endpoints of the service that chooses it, and nothing else', () => {
  const { names, encoded: messages } = changed([machine('10.9.0.1')], [machine('10.9.0.2')]);
  expect(names).toEqual(['endpoint outbound|80||s7.default.svc.cluster.local']);
  expect(messages).toBe(1);
});

test('a name that is looked up elsewhere changes one cluster; its virtual host is made again and is the same', () => {
  const entry = (address: string): SourceObject =>
    serviceEntry('e7', { hosts: ['e7.example.com'], resolution: 'DNS', ports, endpoints: [{ address }] });
  const { names, encoded: messages } = changed([entry('a.example.net')], [entry('b.example.net')]);
  expect(names).toEqual(['cluster outbound|80||e7.example.com']);
  expect(messages).toBe(2);
});
