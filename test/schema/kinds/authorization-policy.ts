// AuthorizationPolicy: what its fields need beside them.
import type { KindCase } from '../kind-case.ts';

const tokens = 'comes with RequestAuthentication';
const asked = 'comes with external authorization';
const chosen = 'comes with the Gateway API';
const fields = ['group', 'kind', 'name', 'namespace'];

export const authorizationPolicy: KindCase = {
  spec: { selector: { matchLabels: { app: 'shop' } }, rules: [{ to: [{ operation: { methods: ['GET'] } }] }] },
  objects: [],
  reasons: {
    'provider.name': asked,
    'rules[].from[].source.requestPrincipals': tokens,
    'rules[].from[].source.notRequestPrincipals': tokens,
    ...Object.fromEntries(fields.map((field) => [`targetRef.${field}`, chosen])),
    ...Object.fromEntries(fields.map((field) => [`targetRefs[].${field}`, chosen])),
  },
  same: [],
  contexts: [
    { for: 'selector.matchLabels', value: { app: 'other' } },
    { for: 'action', value: 'DENY' },
    { for: 'rules[].from[].source.ipBlocks', value: ['10.0.0.0/8'] },
    { for: 'rules[].from[].source.notIpBlocks', value: ['10.0.0.0/8'] },
    { for: 'rules[].from[].source.remoteIpBlocks', value: ['10.0.0.0/8'] },
    { for: 'rules[].from[].source.notRemoteIpBlocks', value: ['10.0.0.0/8'] },
    { for: 'rules[].to[].operation.ports', value: ['80'] },
    { for: 'rules[].to[].operation.notPorts', value: ['80'] },
    { for: 'rules[].when', put: [{ key: 'request.headers[x]', values: ['y'] }] },
    { for: 'rules[].when[].key', value: 'source.namespace' },
  ],
};
