// A strict reader of Prometheus' text format (version 0.0.4): what it does not allow is an error of the test.

export interface Family {
  readonly type: string;
  readonly help: string;
  /** By `name{label="value",…}`, labels in the order in which they came. */
  readonly samples: Map<string, number>;
}

const types = ['counter', 'gauge', 'histogram', 'summary', 'untyped'];
const sampleLine = /^([a-zA-Z_:][\w:]*)(\{((?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\"n])*",?)*)\})? (\S+)( -?\d+)?$/;

/** All families of an exposition by name. */
export function parseExposition(text: string): ReadonlyMap<string, Family> {
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  const families = new Map<string, Family>();
  let helped: readonly [name: string, help: string] | null = null;
  for (const line of text.split('\n').slice(0, -1)) {
    const [, kind, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    if (kind === 'HELP') helped = [name, rest];
    else if (kind === 'TYPE') begin(families, name, rest, helped);
    else if (line !== '') addSample(families, line);
  }
  for (const [name, family] of families) if (family.type === 'histogram') checkHistogram(name, family);
  return families;
}

function begin(families: Map<string, Family>, name: string, type: string, helped: readonly string[] | null): void {
  if (families.has(name)) throw new Error(`${name} is there twice`);
  if (!types.includes(type)) throw new Error(`${name} has the unknown type ${type}`);
  if (helped?.[0] !== name) throw new Error(`${name} has no help of its own`);
  families.set(name, { type, help: helped[1] ?? '', samples: new Map() });
}

function addSample(families: Map<string, Family>, line: string): void {
  const [, name = '', labels = '', , value = ''] = sampleLine.exec(line) ?? [];
  const number = value === '+Inf' ? Number.POSITIVE_INFINITY : Number(value);
  if (name === '' || Number.isNaN(number)) throw new Error(`not a sample: ${line}`);
  const last = [...families].at(-1);
  const suffixes = last?.[1].type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
  if (last === undefined || !suffixes.some((suffix) => name === last[0] + suffix)) {
    throw new Error(`${name} stands in the family ${last?.[0]}`);
  }
  const key = name + labels;
  if (last[1].samples.has(key)) throw new Error(`${key} is there twice`);
  last[1].samples.set(key, number);
}

/** Buckets only grow, and the last one is the count. */
function checkHistogram(name: string, { samples }: Family): void {
  const series = Map.groupBy(
    [...samples].filter(([key]) => key.startsWith(`${name}_bucket`)),
    ([key]) =>
      key
        .replace(/le="[^"]*",?/, '')
        .replace(',}', '}')
        .replace('{}', ''),
  );
  for (const [key, buckets] of series) {
    const values = buckets.map(([, value]) => value);
    const count = samples.get(key.replace('_bucket', '_count'));
    if (values.some((value, index) => value < (values[index - 1] ?? 0))) throw new Error(`${key} does not grow`);
    if (count !== values.at(-1)) throw new Error(`${key} ends with ${values.at(-1)}, and counts ${count}`);
  }
}

/** The value of one sample, as Prometheus would print it: `name` or `name{label="value"}`. */
export function sample(families: ReadonlyMap<string, Family>, key: string): number | undefined {
  return [...families.values()].map(({ samples }) => samples.get(key)).find((value) => value !== undefined);
}
