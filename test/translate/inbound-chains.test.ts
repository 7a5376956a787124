// Whom a port of a workload answers: by protocol and mode of mutual TLS.
import { expect, test } from 'vitest';
import { noCertificate, sdsCertificate } from '../../src/model/proxy.ts';
import { inboundChains, inspectionFor } from '../../src/translate/emit/inbound-chains.ts';
import { inspectors } from '../../src/translate/emit/inspectors.ts';

/** Each chain on a line: what it takes, and what it makes of it. */
function describe(...given: Parameters<typeof inboundChains>): readonly string[] {
  return inboundChains(...given).map(({ match, encryption, reading }) => {
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

test('by mutual TLS alone nothing has to be found out of plain text', () => {
  expect(inspectionFor(inboundChains('auto', 'strict', sdsCertificate))).toEqual({ tls: true, http: false });
  expect(inspectionFor(inboundChains('auto', 'permissive', sdsCertificate))).toEqual({ tls: true, http: true });
  expect(inspectionFor(inboundChains('http', 'disable', sdsCertificate))).toEqual({ tls: false, http: false });
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
