// What a run of vitest says about a guard. Only a test that ran and found something wrong counts: not a file that does not
// load, nor a patch that breaks the code in a way that any test would notice.

/** What is read of vitest's JSON report. */
export interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly message?: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly ancestorTitles: readonly string[];
      readonly title: string;
      readonly failureMessages?: readonly string[] | null;
    }[];
  }[];
}

export interface Sought {
  /** The file of the test, */
  readonly test: string;
  /** and a part of the test's name, `group > test`. */
  readonly name: string;
}

type Result = Report['testResults'][number]['assertionResults'][number];

/** As vitest matches it. */
const fullName = ({ ancestorTitles, title }: Result): string => [...ancestorTitles, title].join(' > ');

function resultsOf(report: Report, { test, name }: Sought): readonly Result[] {
  const file = report.testResults.find((each) => each.name.endsWith(`/${test}`));
  const results = file?.assertionResults.filter((each) => fullName(each).includes(name)) ?? [];
  return results.filter(({ status }) => status === 'passed' || status === 'failed');
}

const firstLine = (text: string): string => (text.split('\n')[0] ?? '').slice(0, 200);
const firstMessage = ({ failureMessages }: Result): string => firstLine(failureMessages?.[0] ?? '');

/** Faults of the code itself: what a patch leads to that was not made with care. */
const broken = /^(SyntaxError|ReferenceError|TypeError)\b/;

function unloaded(report: Report | undefined, { test }: Sought): string {
  const message = report?.testResults.find((each) => each.name.endsWith(`/${test}`))?.message ?? '';
  return message === '' ? 'no such test' : `the test's file does not load: ${firstLine(message)}`;
}

/** Without the patch: null where the test passes, or what is wrong. */
export function soundness(report: Report | undefined, sought: Sought): string | null {
  const results = report === undefined ? [] : resultsOf(report, sought);
  const [failed] = results.filter(({ status }) => status === 'failed');
  if (results.length === 0) return unloaded(report, sought);
  return failed === undefined ? null : `fails without the patch too: ${firstMessage(failed)}`;
}

/** With the patch: null where the test notices, or what is wrong. */
export function notice(report: Report | undefined, sought: Sought): string | null {
  if (report === undefined) return 'vitest ended without a report';
  const results = resultsOf(report, sought);
  if (results.length === 0) return unloaded(report, sought);
  const failed = results.filter(({ status }) => status === 'failed');
  const [first] = failed;
  if (first === undefined) return 'the test stays green though the guard is gone';
  const noticed = failed.some((result) => !broken.test(firstMessage(result)));
  return noticed ? null : `the patch does not remove a guard, it breaks the code: ${firstMessage(first)}`;
}
