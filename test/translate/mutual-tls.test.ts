// Mutual TLS within the mesh: a change costs what it touches, and a cluster changes only with who is behind it.
import { expect, test } from 'vitest';
import { proxyNode } from '../../src/envoy/node.ts';
import { encoded } from '../../src/envoy/resource.ts';
import type { SourceObject } from '../../src/model/object.ts';
import { sdsCertificates, usualCertificates } from '../../src/model/proxy.ts';
import { proxyGroup } from '../../src/translate/resolve/proxy-group.ts';
import { Translator } from '../../src/translate/translator.ts';
import { destinationRule, objectSet, pod, service, slice } from './objects.ts';

const http = [{ name: 'http', port: 80 }];
const injected = { 'security.istio.io/tlsMode': 'istio' };
const services = Array.from({ length: 100 }, (_, index) => `s${index}`);

/** Services of two Pods each, of which the second one serves or not. */
const mesh = (labels: Readonly<Record<string, string>>, account: string, both: boolean): readonly SourceObject[] =>
  services.flatMap((name, index) => {
    const [first, second] = [`10.0.${index}.1`, `10.0.${index}.2`];
    return [
      service({ name, ports: http }),
      slice({ service: name, addresses: both || index !== 7 ? [first, second] : [first], ports: http }),
      pod(`pod-${first}`, first, labels, 'default', 'first'),
      pod(`pod-${second}`, second, labels, 'default', index === 7 ? account : 'first'),
    ];
  });

function emit(translator: Translator, objects: readonly SourceObject[]) {
  const { value } = translator.resolve(objectSet(objects));
  return translator.emit(value, translator.group(value, proxyNode({}))).value;
}

const newTranslator = (): Translator => new Translator({ allowLoopbackEndpoints: false });

test('an endpoint of the same account changes its load assignment alone', () => {
  const translator = newTranslator();
  const before = emit(translator, mesh(injected, 'first', true));
  const start = encoded.messages;
  const after = emit(translator, mesh(injected, 'first', false));
  expect(encoded.messages - start).toBe(1);
  expect(after.cluster).toBe(before.cluster);
  expect(after.route).toBe(before.route);
});

test('an endpoint of another account changes the cluster of its service alone', () => {
  const translator = newTranslator();
  const before = emit(translator, mesh(injected, 'other', true));
  const after = emit(translator, mesh(injected, 'other', false));
  const changed = [...after.cluster].filter(([name, cluster]) => before.cluster.get(name) !== cluster);
  expect(changed.map(([name]) => name)).toEqual(['outbound|80||s7.default.svc.cluster.local']);
});

test('without a Pod that takes mutual TLS only the services are called by it whose rules say so', () => {
  const rule = destinationRule('s7', { host: 's7', trafficPolicy: { tls: { mode: 'ISTIO_MUTUAL' } } });
  const { cluster } = emit(newTranslator(), [...mesh({}, 'first', true), rule]);
  const encrypted = [...cluster.values()].filter(({ json }) => JSON.stringify(json).includes('transport_socket'));
  expect(encrypted.map(({ name }) => name)).toEqual(['outbound|80||s7.default.svc.cluster.local']);
});

test('the last Pod that takes mutual TLS takes it away from all clusters', () => {
  const translator = newTranslator();
  const plain = emit(newTranslator(), mesh({}, 'first', true));
  emit(translator, mesh(injected, 'first', true));
  const after = emit(translator, mesh({}, 'first', true));
  const versions = ({ cluster }: typeof plain) => [...cluster].map(([name, { version }]) => [name, version]);
  expect(versions(after)).toEqual(versions(plain));
});

test('a proxy that does not say where its certificates are answers by mutual TLS if its Pod takes it', () => {
  const inbound = (labels: Readonly<Record<string, string>>, certificates = usualCertificates): string => {
    const { value } = newTranslator().resolve(objectSet(mesh(labels, 'first', true)));
    const node = proxyNode({ name: 'pod-10.0.1.1', ip: '10.0.1.1', certificates });
    const { listener } = new Translator({ allowLoopbackEndpoints: false }).emit(value, proxyGroup(value, node)).value;
    return JSON.stringify(listener.get('virtualInbound')?.json);
  };
  expect(inbound({})).not.toContain('DownstreamTlsContext');
  expect(inbound(injected)).toContain('DownstreamTlsContext');
  expect(inbound({}, sdsCertificates)).toContain('DownstreamTlsContext');
});
