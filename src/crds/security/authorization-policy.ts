// AuthorizationPolicy (security.istio.io): who may do what with workloads.
import { isObject, type JsonValue } from '../../lib/json.ts';
import type { AuthorizationPolicy, AuthorizationRule, Clause, Condition } from '../../model/authorization.ts';
import {
  type Decoder,
  ignored,
  inside,
  later,
  list,
  object,
  oneOf,
  report,
  type Spot,
  string,
} from '../values/decode.ts';
import { kind } from '../values/kind.ts';
import {
  addresses,
  clause,
  header,
  pathTexts,
  ports,
  serviceAccounts,
  texts,
  tokens,
  unknown,
  type Values,
} from './conditions.ts';
import { chosenBy, workloadSelector } from './selector.ts';

const sourceOf = (namespace: string): Readonly<Record<string, Values>> => ({
  principals: texts('principal'),
  namespaces: texts('namespace'),
  serviceAccounts: serviceAccounts(namespace),
  trustDomains: texts('trust-domain'),
  ipBlocks: addresses('peer'),
  remoteIpBlocks: addresses('remote'),
  requestPrincipals: tokens,
});

const operation: Readonly<Record<string, Values>> = {
  hosts: texts('host'),
  methods: texts('method'),
  paths: pathTexts,
  ports,
};

const keysOf = (namespace: string): Readonly<Record<string, Values>> => ({
  'source.ip': addresses('peer'),
  'remote.ip': addresses('remote'),
  'destination.ip': addresses('destination'),
  'destination.port': ports,
  'source.principal': texts('principal'),
  'source.namespace': texts('namespace'),
  'source.serviceAccount': serviceAccounts(namespace),
  'connection.sni': texts('server-name'),
  'request.auth.principal': tokens,
  'request.auth.audiences': tokens,
  'request.auth.presenter': tokens,
});

const headerKey = /^request\.headers\[([-_A-Za-z0-9]+)\]$/;

function valuesOf(key: string, namespace: string, spot: Spot): Values | undefined {
  const known = keysOf(namespace);
  if (Object.hasOwn(known, key)) return known[key];
  const name = headerKey.exec(key)?.[1];
  if (name !== undefined) return header(name);
  if (key.startsWith('request.auth.claims[')) return tokens;
  report(spot, 'SLC0103', `"${key.slice(0, 100)}" is not a key that is known here`);
  return undefined;
}

function conditionsAt(value: JsonValue, namespace: string, spot: Spot): readonly Condition[] {
  const decoded = object({ key: string, values: valuesAsWritten, notValues: valuesAsWritten }, { required: ['key'] })(
    value,
    spot,
  );
  const key = decoded?.key;
  const make = key === undefined ? undefined : valuesOf(key, namespace, inside(spot, 'key'));
  const names = ['values', 'notValues'] as const;
  const written = names.filter((name) => decoded?.[name] !== undefined);
  if (make === undefined || !isObject(value)) return [unknown];
  if (written.length === 0) {
    report(spot, 'SLC0104', 'one of the fields "values" and "notValues" is required');
    return [unknown];
  }
  return written.map((name) => make(value[name] ?? null, inside(spot, name), name === 'notValues'));
}

const valuesAsWritten: Decoder<JsonValue> = (value) => value;

/** The clauses of `from` or `to`: each item holds one object. */
function clauses(name: string, value: JsonValue, fields: Readonly<Record<string, Values>>, spot: Spot): Clause[] {
  const unread: Clause[] = [[unknown]];
  if (!Array.isArray(value) || value.length === 0) {
    report(spot, 'SLC0105', 'must be a list that is not empty');
    return unread;
  }
  return value.map((item: JsonValue, index) => {
    const here = inside(spot, index);
    const decoded = object({ [name]: valuesAsWritten }, { required: [name] })(item, here);
    return decoded === undefined ? [unknown] : clause(fields, decoded[name] ?? null, inside(here, name));
  });
}

const ruleFields = object({ from: valuesAsWritten, to: valuesAsWritten, when: valuesAsWritten });

function rule(value: JsonValue, index: number, namespace: string, spot: Spot): AuthorizationRule {
  const fields = ruleFields(value, spot);
  const strange = !isObject(value) || Object.keys(value).some((key) => !['from', 'to', 'when'].includes(key));
  const { from, to, when } = fields ?? {};
  const conditions =
    when === undefined ? [] : list((each, here) => conditionsAt(each, namespace, here))(when, inside(spot, 'when'));
  return {
    index,
    from: from === undefined ? null : clauses('source', from, sourceOf(namespace), inside(spot, 'from')),
    to: to === undefined ? null : clauses('operation', to, operation, inside(spot, 'to')),
    when: [...(conditions?.flat() ?? [unknown]), ...(strange ? [unknown] : [])],
  };
}

/** Null: it is no list. */
const rulesAsWritten: Decoder<readonly JsonValue[] | null> = (value, spot) =>
  list(valuesAsWritten)(value, spot) ?? null;

const actions = oneOf({ ALLOW: 'allow', DENY: 'deny', AUDIT: 'audit', CUSTOM: 'custom' } as const);

const action: Decoder<ReturnType<typeof actions>> = (value, spot) => {
  const decoded = actions(value, spot);
  if (decoded === 'audit') report(spot, 'SLC0108', 'AUDIT: not supported yet, so nothing is recorded');
  if (decoded !== 'custom') return decoded;
  report(spot, 'SLC0108', 'CUSTOM: not supported yet, so what it would ask about is denied');
  return decoded;
};

const specFields = {
  selector: workloadSelector,
  action,
  rules: rulesAsWritten,
  provider: later('provider'),
  targetRef: later('targetRef'),
  targetRefs: later('targetRefs'),
};
const specObject = object(specFields);

interface Spec extends Partial<NonNullable<ReturnType<typeof specObject>>> {
  /** Whether something is written that nobody knows. */
  readonly strange: boolean;
}

const spec: Decoder<Spec> = (value, spot) => {
  const decoded = specObject(value, spot);
  const strange = isObject(value) && Object.keys(value).some((key) => !Object.hasOwn(specFields, key));
  return decoded === undefined ? undefined : { ...decoded, strange };
};

const dryRunKey = 'istio.io/dry-run';

/** One rule that is always true. */
const everything: readonly AuthorizationRule[] = [{ index: 0, from: null, to: null, when: [] }];

/** An action that cannot be read denies everything: whatever was meant, it was meant to protect. Null: it only watches. */
function actionOf(fields: Partial<Spec>): AuthorizationPolicy['action'] {
  const { action: decoded } = fields;
  if (decoded === 'audit') return null;
  if (decoded === 'custom') return 'deny';
  return decoded ?? ('action' in fields ? 'deny' : 'allow');
}

/** What is not understood makes a policy allow less, or deny more. */
function rulesOf(fields: Partial<Spec>, namespace: string, spot: Spot): readonly AuthorizationRule[] {
  const { rules, strange = false } = fields;
  const decoded = (rules ?? []).map((each, index) => rule(each, index, namespace, inside(spot, index)));
  if (actionOf(fields) === 'allow') return strange ? [] : decoded;
  const unread = rules === null || ('action' in fields && fields.action === undefined);
  return unread ? everything : decoded;
}

export const authorizationPolicyKind = kind(
  {
    group: 'security.istio.io',
    kind: 'AuthorizationPolicy',
    versions: ['v1', 'v1beta1'],
    body: { spec, status: ignored },
  },
  ({ id, namespace, name, annotations }, body, spot): AuthorizationPolicy | undefined => {
    const fields: Partial<Spec> = body.spec ?? {};
    // Those for a gateway of another kind hold for nobody here, rather than for the whole namespace.
    if ('targetRef' in fields || 'targetRefs' in fields) return undefined;
    return {
      ...{ object: id, namespace, name, selector: chosenBy(fields.selector) },
      action: actionOf(fields),
      rules: rulesOf(fields, namespace, inside(spot, 'spec', 'rules')),
      dryRun: annotations.get(dryRunKey) === 'true',
    };
  },
);
