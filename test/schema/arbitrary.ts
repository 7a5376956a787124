// Objects of Istio's kinds as users might write them on a bad day: made from the schemas, with fields that are absent, null, of
// the wrong type or extreme beside good ones.
import fc from 'fast-check';
import type { JsonObject, JsonValue } from '../../src/lib/json.ts';
import type { Crd } from './crds.ts';
import { overlay, wrap } from './json.ts';
import type { KindCase } from './kind-case.ts';
import { type Leaf, leavesOf } from './leaves.ts';
import { withContexts } from './trial.ts';

/** What a text may be taken for: names of the mesh, durations, patterns, and what nobody expects. */
const texts: readonly string[] = [
  ...[
    'shop',
    'cart',
    'db',
    'vault',
    'shop.default.svc.cluster.local',
    '*.svc.cluster.local',
    '*',
    'v1',
    'default',
    '.',
    'mesh',
  ],
  ...['0s', '1ms', '7s', '1.5s', '-1s', '999999h', '1us', '1d'],
  ...[
    '/a',
    '/',
    'a',
    'x-header',
    ':path',
    'host',
    '%REQ(x)%',
    '%',
    '%%',
    '%START_TIME',
    '(',
    '^/a.*$',
    '(a|b)+c',
    '\\1',
    'a'.repeat(2000),
  ],
  ...[
    '5xx,gateway-error',
    '503',
    'UNAVAILABLE',
    'https',
    '10.1.2.3',
    '10.0.0.0/8',
    '::1',
    '2001:db8::/32',
    '10.0.0.0/99',
    'r1',
    'r1/r1a/*',
  ],
  ...[
    '',
    ' ',
    '\n',
    '\u0000',
    'ü',
    '😀',
    '\ud800',
    '[::1]:80',
    'a b',
    'spiffe://x/y',
    '../../etc',
    '__proto__',
    'constructor',
    'eA==',
  ],
];
const numbers: readonly number[] = [
  ...[0, 1, 2, 7, 50, 80, 81, 100, 101, 200, 503, 600, 3306, 65535, 65536, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32],
  ...[-1, 0.5, 0.00001, 99.99999, 1e300, -0, 65537, 5000011],
];
const junk: readonly JsonValue[] = [
  null,
  true,
  false,
  7,
  'x',
  '',
  [],
  {},
  [null],
  [[]],
  [{}],
  { unknown: 1 },
  ['x', 'x'],
  { k: null },
];

const text = fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...texts) }, { weight: 1, arbitrary: fc.string() });
const number = fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...numbers) }, { weight: 1, arbitrary: fc.integer() });

function scalar({ schema, type }: Leaf): fc.Arbitrary<JsonValue> {
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum, 'WRONG', '');
  if (schema.type === 'boolean') return fc.boolean();
  if (schema.type === 'integer' || schema.type === 'number') return number;
  return type.endsWith('any') ? fc.constantFrom(...junk) : text;
}

/** Mostly of the right type. */
function jsonOf(leaf: Leaf): fc.Arbitrary<JsonValue> {
  const single = scalar(leaf);
  const right = leaf.type.startsWith('list of') ? fc.array(single, { maxLength: 3 }) : single;
  return fc.oneof({ weight: 9, arbitrary: right }, { weight: 1, arbitrary: fc.constantFrom(...junk) });
}

interface Edit {
  readonly leaf: Leaf;
  readonly value: JsonValue;
  /** Whether what the field needs beside it is there as well. */
  readonly inContext: boolean;
  /** Null: the value goes to the leaf; else junk goes so many steps above it. */
  readonly above: number | null;
}

function editOf(leaves: readonly Leaf[], { contexts }: KindCase): fc.Arbitrary<Edit> {
  const good = new Map(contexts.flatMap((each) => (each.value === undefined ? [] : [[each.for, each.value] as const])));
  const values = [...good.values()];
  return fc.constantFrom(...leaves).chain((leaf) =>
    fc.record({
      leaf: fc.constant(leaf),
      value: fc.oneof(
        { weight: 9, arbitrary: jsonOf(leaf) },
        { weight: 1, arbitrary: fc.constantFrom<JsonValue>('x', ...values) },
      ),
      inContext: fc.integer({ min: 0, max: 9 }).map((dice) => dice > 0),
      above: fc.integer({ min: 0, max: 30 }).map((dice) => (dice < 3 ? dice : null)),
    }),
  );
}

function apply(spec: JsonValue, { leaf, value, inContext, above }: Edit, kindCase: KindCase): JsonValue {
  const ready = inContext ? withContexts(spec, leaf, kindCase) : spec;
  const path = above === null ? leaf.path : leaf.path.slice(0, Math.max(1, leaf.path.length - above));
  return overlay(ready, wrap(path, value));
}

/** Two specs in one: the lists of objects at the top, one after the other. */
function joined(first: JsonObject, second: JsonObject): JsonObject {
  const lists = Object.entries(first).map(([name, each]) => {
    const other = second[name];
    return [name, Array.isArray(each) && Array.isArray(other) ? [...each, ...other] : each] as const;
  });
  return Object.fromEntries(lists);
}

/** A spec of the kind. */
function specOf({ schema }: Crd, kindCase: KindCase): fc.Arbitrary<JsonObject> {
  const edit = editOf(leavesOf(schema), kindCase);
  const one = fc
    .array(edit, { minLength: 1, maxLength: 6 })
    .map((edits) => edits.reduce<JsonValue>((spec, each) => apply(spec, each, kindCase), kindCase.spec) as JsonObject);
  return fc.oneof(
    { weight: 3, arbitrary: one },
    { weight: 1, arbitrary: fc.tuple(one, one).map(([a, b]) => joined(a, b)) },
  );
}

/** A few objects of all kinds that are read, not all of them good. */
export function objectsOf(kinds: readonly (readonly [Crd, KindCase])[]): fc.Arbitrary<readonly JsonObject[]> {
  const each = kinds.map(([crd, kindCase]) =>
    fc.array(specOf(crd, kindCase), { maxLength: 2 }).map((specs) =>
      specs.map((spec, index): JsonObject => {
        const { apiVersion, kind } = crd;
        return { apiVersion, kind, metadata: { name: `generated-${index}` }, spec };
      }),
    ),
  );
  return fc.tuple(...each).map((lists) => lists.flat());
}
