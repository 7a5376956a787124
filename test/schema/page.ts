// docs/istio-fields.md: what comes of each field of Istio's kinds, as the trials have shown.
import type { KindCase } from './kind-case.ts';
import { describe, type Leaf } from './leaves.ts';
import { formsOf, type Outcome } from './trial.ts';

export interface Tried {
  readonly leaf: Leaf;
  readonly outcome: Outcome;
}

export interface KindReport {
  readonly kind: string;
  readonly apiVersion: string;
  /** Null where the kind is not read. */
  readonly read: { readonly kindCase: KindCase; readonly tried: readonly Tried[] } | null;
  /** Why it is not. */
  readonly reason: string;
}

interface Row {
  readonly path: string;
  readonly type: string;
  readonly result: string;
}

/** Why a field has no effect. */
export function reasonOf({ leaf }: Tried, kindCase: KindCase): string | undefined {
  return formsOf(leaf.path, kindCase)
    .map((form) => kindCase.reasons[describe(form)])
    .find((reason) => reason !== undefined);
}

function resultOf(tried: Tried, kindCase: KindCase): string {
  const { outcome } = tried;
  if (outcome.kind === 'silent') return 'unknown';
  if (outcome.kind === 'said') return `${outcome.code}: ${reasonOf(tried, kindCase) ?? ''}`;
  return outcome.codes.includes('SLC0109') ? 'works; deprecated (SLC0109)' : 'works';
}

/** A row for each field; of sub-trees that are there several times one, unless something else comes of a field there. */
function rowsOf({ kindCase, tried }: NonNullable<KindReport['read']>): readonly Row[] {
  const results = new Map(tried.map((each) => [describe(each.leaf.path), resultOf(each, kindCase)]));
  return tried.flatMap((each) => {
    const [own, ...others] = formsOf(each.leaf.path, kindCase).map(describe);
    const result = resultOf(each, kindCase);
    const isRepeated = others.some((other) => results.get(other) === result);
    return own === undefined || isRepeated ? [] : [{ path: own, type: each.leaf.type, result }];
  });
}

const counted = (tried: readonly Tried[]): string => {
  const working = tried.filter(({ outcome }) => outcome.kind === 'works').length;
  return `${working} of ${tried.length} fields work`;
};

function sectionOf({ kind, apiVersion, read, reason }: KindReport): string {
  const title = `## ${kind}\n\n\`${apiVersion}\``;
  if (read === null) return `${title}, not read yet: ${reason}.\n`;
  const rows = rowsOf(read).map(({ path, type, result }) => `| \`${path}\` | ${type} | ${result} |`);
  const same = read.kindCase.same.map(({ here, as }) => `What is said of \`${as}\` goes for \`${here}\` as well.`);
  const head = `${title}: ${counted(read.tried)}.${same.length === 0 ? '' : ` ${same.join(' ')}`}`;
  return `${head}\n\n| field | type | what comes of it |\n|---|---|---|\n${rows.join('\n')}\n`;
}

const intro = `# The fields of Istio's kinds

\`make golden\` writes this page. A test sets every field of the schemas of Istio's API 1.31, one at a time, and looks at what
proxies get. "Works" means that they get something else than without the field; all other fields are answered with a
diagnostic, whose code is named. Objects of kinds that are not read are answered with \`SLC0005\` or \`SLC0108\` as a whole.
`;

/** The page, as Markdown. */
export function page(reports: readonly KindReport[]): string {
  return [intro, ...reports.map(sectionOf)].join('\n');
}
