// What the log says of every turn of the loop: what was published, and each diagnostic when it is new.
import type { ControlPlane, Publication } from '../../control-plane.ts';
import type { Diagnostic } from '../../model/diagnostic.ts';
import type { ObjectSet } from '../../model/object.ts';
import { locateDiagnostic } from '../diagnostics.ts';
import type { Log } from './log.ts';

/** So many new diagnostics of one turn are logged one by one. */
const mostLines = 100;

const logMethods = { error: 'error', warning: 'warn', info: 'info' } as const;

/** Logs every publication from now on. */
export function logPublications(controlPlane: ControlPlane, log: Log): void {
  let known: ReadonlySet<string> = new Set();
  controlPlane.onPublish((publication) => {
    log.info(counts(publication), 'published');
    const now = new Map(publication.diagnostics.map((each) => [identity(each), each] as const));
    const fresh = [...now].filter(([key]) => !known.has(key)).map(([, diagnostic]) => diagnostic);
    logDiagnostics(fresh, controlPlane.objects, log);
    known = new Set(now.keys());
  });
}

function counts({ revision, objects, services, groupsChanged, took, diagnostics }: Publication): object {
  return {
    revision,
    objects,
    services,
    groupsChanged,
    diagnostics: diagnostics.length,
    ms: Math.round(took * 10) / 10,
  };
}

/** The line is left out: a diagnostic that only moved is not a new one. */
function identity({ code, object, path, message, location }: Diagnostic): string {
  return JSON.stringify([code, object, path, message, location?.file]);
}

function logDiagnostics(diagnostics: readonly Diagnostic[], objects: ObjectSet, log: Log): void {
  for (const diagnostic of diagnostics.slice(0, mostLines)) {
    const { code, severity, message, object, path, file, line, column } = locateDiagnostic(diagnostic, objects);
    log[logMethods[severity]]({ code, object, path, file, line, column }, message);
  }
  if (diagnostics.length > mostLines) {
    log.warn({ more: diagnostics.length - mostLines }, "there are more diagnostics: 'sluice validate' shows all");
  }
}
