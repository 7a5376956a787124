// The order in which a source gives its diagnostics: by file, line and column, the same on every machine.
import { byText } from '../lib/sorted.ts';
import type { Diagnostic } from '../model/diagnostic.ts';

/** A sorted copy. */
export function sortDiagnostics(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  return diagnostics.toSorted(
    (a, b) =>
      byText(a.location?.file ?? '', b.location?.file ?? '') ||
      (a.location?.line ?? 0) - (b.location?.line ?? 0) ||
      (a.location?.column ?? 0) - (b.location?.column ?? 0) ||
      byText(a.code, b.code) ||
      byText(a.message, b.message),
  );
}
