// What is to be said about the users' input: a value, never an exception.
import { type DiagnosticCode, diagnosticCodes, type Severity } from './diagnostic-codes.ts';
import type { Location, ObjectId, Path } from './object.ts';
import type { Origin } from './origin.ts';

export interface Diagnostic {
  readonly code: DiagnosticCode;
  readonly severity: Severity;
  readonly message: string;
  /** Null where the input is no object yet: a file that does not parse. */
  readonly object: ObjectId | null;
  readonly path: Path;
  /** Known here only where there is no object to ask; else it is looked up when it is shown. */
  readonly location: Location | null;
}

/** A value, and what is to be said about how it came about. */
export interface Outcome<T> {
  readonly value: T;
  readonly diagnostics: readonly Diagnostic[];
}

/** A diagnostic about a place in an object. */
export function diagnose(code: DiagnosticCode, origin: Origin, message: string): Diagnostic {
  return {
    code,
    severity: diagnosticCodes[code].severity,
    message,
    object: origin.object,
    path: origin.path,
    location: null,
  };
}

/** A diagnostic about a place in a file that holds no object there. */
export function diagnoseFile(code: DiagnosticCode, location: Location, message: string): Diagnostic {
  return { code, severity: diagnosticCodes[code].severity, message, object: null, path: [], location };
}

/** Each diagnostic once: several groups of proxies may meet the same. */
export function distinct(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const key = ({ code, object, path, message, location }: Diagnostic): string =>
    JSON.stringify([code, object, path, message, location]);
  return [...new Map(diagnostics.map((each) => [key(each), each] as const)).values()];
}
