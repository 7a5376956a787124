// Whom a port of a workload answers: by protocol and mode of mutual TLS.
import { expect, test } from 'vitest';
import type { ObjectId } from '../../src/model/object.ts';
import { originOf } from '../../src/model/origin.ts';
import type { MutualTlsMode } from '../../src/model/peer-authentication.ts';
import { type CertificateSource, noCertificate, sdsCertificate } from '../../src/model/proxy.ts';
import type { PortTls } from '../../src/model/scope.ts';
import type { Protocol } from '../../src/model/service.ts';
import { inboundChains, inspectionFor } from '../../src/translate/emit/inbound-chains.ts';
import { inspectors } from '../../src/translate/emit/inspectors.ts';

/** Each chain on a line: what it takes, and what it makes of it. */
function describe(
  protocol: Protocol,
  mode: MutualTlsMode,
  certificates: CertificateSource,
  own: PortTls | null = null,
): readonly string[] {
  return inboundChains(protocol, mode, certificates, own).map(({ match, encryption, reading }) => {
    const { transport_protocol = 'all', application_protocols = [] } = match;
    return `${[transport_protocol, ...(application_protocols as string[])].join(' ')} -> ${encryption} ${reading}`;
  });
}

test('by mutual TLS alone', () => {
  expect(describe('http', 'strict', sdsCertificate)).toEqual(['tls -> mutual http']);
  expect(describe('grpc', 'strict', sdsCertificate)).toEqual(['tls -> mutual http']);
  expect(describe('tcp', 'strict', sdsCertificate)).toEqual(['tls -> mutual tcp']);
  expect(describe('tls', 'strict', sdsCertificate)).toEqual(['tls -> mutual tcp']);
  expect(describe('auto', 'strict', sdsCertificate)).toEqual([
    'tls istio-http/1.0 istio-http/1.1 istio-h2 -> mutual http',
    'tls -> mutual tcp',
  ]);
});

test('in plain text alone, though there are certificates', () => {
  expect(describe('http2', 'disable', sdsCertificate)).toEqual(['raw_buffer -> none http']);
  expect(describe('tcp', 'disable', sdsCertificate)).toEqual(['raw_buffer -> none tcp']);
  expect(describe('auto', 'disable', sdsCertificate)).toEqual([
    'raw_buffer http/1.1 h2c -> none http',
    'raw_buffer -> none tcp',
  ]);
});

test('without certificates what answers by mutual TLS alone answers nobody', () => {
  expect(describe('http', 'strict', noCertificate)).toEqual(['all -> none refused']);
  expect(describe('auto', 'strict', noCertificate)).toEqual(['all -> none refused']);
});

const origin = originOf('Sidecar default/default' as ObjectId);
/** A port that has certificates of its own. */
const own: PortTls = {
  kind: 'terminate',
  certificates: [{ chain: '/a', key: '/b' }],
  clients: null,
  parameters: { min: null, max: null, ciphers: [], curves: [] },
  origin,
};

test('with certificates of its own a port answers peers of the mesh as ever, others by these alone', () => {
  const peers = 'tls istio istio-peer-exchange istio-http/1.0 istio-http/1.1 istio-h2 -> mutual';
  expect(describe('tcp', 'permissive', sdsCertificate, own)).toEqual([`${peers} tcp`, 'tls -> own tcp']);
  expect(describe('http', 'permissive', sdsCertificate, own)).toEqual([`${peers} http`, 'tls -> own http']);
  expect(describe('auto', 'permissive', sdsCertificate, own)).toEqual([
    'tls istio-http/1.0 istio-http/1.1 istio-h2 -> mutual http',
    'tls istio istio-peer-exchange -> mutual tcp',
    'tls h2 http/1.1 -> own http',
    'tls -> own tcp',
  ]);
  expect(describe('auto', 'disable', sdsCertificate, own)).toEqual(['tls h2 http/1.1 -> own http', 'tls -> own tcp']);
  expect(describe('http', 'permissive', noCertificate, own)).toEqual(['tls -> own http']);
});

test('certificates of a port let nobody in whom STRICT keeps out, and unusable ones nobody at all', () => {
  expect(describe('http', 'strict', sdsCertificate, own)).toEqual(['tls -> mutual http']);
  expect(describe('http', 'strict', noCertificate, own)).toEqual(['all -> none refused']);
  expect(describe('http', 'permissive', sdsCertificate, { kind: 'refused', origin })).toEqual(['all -> none refused']);
});

test('by mutual TLS alone nothing has to be found out of plain text', () => {
  expect(inspectionFor(inboundChains('auto', 'strict', sdsCertificate, null))).toEqual({ tls: true, http: false });
  expect(inspectionFor(inboundChains('auto', 'permissive', sdsCertificate, null))).toEqual({ tls: true, http: true });
  expect(inspectionFor(inboundChains('http', 'disable', sdsCertificate, null))).toEqual({ tls: false, http: false });
});

test('where unknown ports need no inspection it is for those ports that do', () => {
  const ports = [
    { port: 80, tls: true, http: true },
    { port: 90, tls: false, http: false },
  ];
  const [found, ...others] = inspectors(ports, { tls: true, http: false });
  expect(found?.['filter_disabled']).toEqual({ destination_port_range: { start: 90, end: 91 } });
  expect(others.map((each) => each['filter_disabled'])).toEqual([
    { not_match: { destination_port_range: { start: 80, end: 81 } } },
  ]);
});
