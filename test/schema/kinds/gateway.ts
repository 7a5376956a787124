// Gateway: what its fields need beside them.
import type { Context, KindCase } from '../kind-case.ts';

const files = { serverCertificate: '/a', privateKey: '/b' };
const noFiles = { mode: null, serverCertificate: null, privateKey: null, caCertificates: null };

/** A server that is closed, for its certificates are not there yet. */
const secrets = ['credentialName', 'credentialNames', 'caCertCredentialName'].map(
  (field): Context => ({ for: `servers[].tls.${field}`, says: 'SLC0241' }),
);

export const gateway: KindCase = {
  spec: {
    selector: { istio: 'ingressgateway' },
    servers: [
      {
        port: { number: 443, name: 'https', protocol: 'HTTPS' },
        hosts: ['*.example.com'],
        tls: { mode: 'MUTUAL', ...files, caCertificates: '/c' },
      },
    ],
  },
  objects: [],
  reasons: {
    'servers[].defaultEndpoint': 'VirtualServices say where a gateway leads',
    'servers[].port.targetPort': 'the Service of the gateway says it',
    'servers[].tls.caCertCredentialName': 'comes with Secrets',
    'servers[].tls.credentialName': 'comes with Secrets',
    'servers[].tls.credentialNames': 'comes with Secrets',
    'servers[].tls.insecureSkipVerify': 'clients that are asked for a certificate are always verified',
    'servers[].tls.tlsCertificates[].caCertificates': 'it stands beside tlsCertificates',
  },
  same: [],
  contexts: [
    ...secrets,
    { for: 'servers[].bind', value: '10.9.0.1' },
    { for: 'servers[].defaultEndpoint', says: 'SLC0110' },
    { for: 'servers[].hosts', value: ['a.example.com'] },
    { for: 'servers[].port.protocol', at: 'servers[]', put: { tls: null } },
    { for: 'servers[].port.protocol', value: 'HTTP' },
    { for: 'servers[].port.targetPort', says: 'SLC0110' },
    { for: 'servers[].tls.cipherSuites', value: ['AES128-SHA'] },
    { for: 'servers[].tls.httpsRedirect', at: 'servers[]', put: { port: { protocol: 'HTTP' }, tls: noFiles } },
    { for: 'servers[].tls.insecureSkipVerify', says: 'SLC0110' },
    {
      for: 'servers[].tls.tlsCertificates',
      at: 'servers[].tls',
      put: { serverCertificate: null, privateKey: null, tlsCertificates: [files] },
    },
    { for: 'servers[].tls.tlsCertificates[].caCertificates', says: 'SLC0110' },
    { for: 'servers[].tls.verifyCertificateHash', value: ['0a'.repeat(32)] },
    { for: 'servers[].tls.verifyCertificateSpki', value: [`${'A'.repeat(43)}=`] },
  ],
};
