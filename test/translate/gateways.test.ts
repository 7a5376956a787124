// What a change costs where there are gateways.
import { expect, test } from 'vitest';
import { proxyNode } from '../../src/envoy/node.ts';
import { resourceKinds } from '../../src/envoy/types.ts';
import type { ObjectSet } from '../../src/model/object.ts';
import type { ProxyNode } from '../../src/model/proxy.ts';
import { Translator } from '../../src/translate/translator.ts';
import { gateway } from './gateway-objects.ts';
import { objectSet, service, slice, virtualService } from './objects.ts';

test('an endpoint changes nothing that gateways listen for, and a Gateway nothing of those that do not serve it', () => {
  const ports = [{ name: 'http', port: 80 }];
  const edge = (host: string) => {
    const servers = [{ port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: [host] }];
    return gateway('edge', { selector: { version: 'v1' }, servers });
  };
  const objects = (address: string, host: string) =>
    objectSet([
      ...[service({ name: 'a', ports }), slice({ service: 'a', addresses: [address], ports }), edge(host)],
      virtualService('a', {
        hosts: ['*.example.com'],
        gateways: ['edge'],
        http: [{ route: [{ destination: { host: 'a' } }] }],
      }),
    ]);
  const translator = new Translator({ allowLoopbackEndpoints: false });
  const [own, other] = ['v1', 'v2'].map((version) =>
    proxyNode({ role: 'router', labels: new Map([['version', version]]) }),
  );
  const ask = (asked: ObjectSet, of: ProxyNode = proxyNode({})) => {
    const mesh = translator.resolve(asked).value;
    return translator.emit(mesh, translator.group(mesh, of)).value;
  };
  const before = ask(objects('10.0.0.1', '*'), own);
  const moved = ask(objects('10.0.0.2', '*'), own);
  expect(before.listener.size).toBe(1);
  expect([moved.listener, moved.route, moved.cluster]).toEqual([before.listener, before.route, before.cluster]);
  expect(moved.listener).toBe(before.listener);
  expect(moved.route).toBe(before.route);
  expect(moved.endpoint).not.toBe(before.endpoint);
  const bystander = ask(objects('10.0.0.2', '*'), other);
  const after = ask(objects('10.0.0.2', 'x.example.com'), other);
  expect(ask(objects('10.0.0.2', 'x.example.com'), own).route).not.toBe(before.route);
  for (const kind of resourceKinds) expect(after[kind]).toBe(bystander[kind]);
});
