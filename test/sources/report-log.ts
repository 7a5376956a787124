// Follows a source as the control plane does: what is there now, and every report; a test waits for what it expects.
import { isObject } from '../../src/lib/json.ts';
import type { Diagnostic } from '../../src/model/diagnostic.ts';
import type { ObjectId, SourceObject } from '../../src/model/object.ts';
import type { SourceReport } from '../../src/sources/source.ts';

interface Waiter {
  readonly met: () => boolean;
  readonly resolve: () => void;
}

export class ReportLog {
  readonly reports: SourceReport[] = [];
  readonly objects = new Map<ObjectId, SourceObject>();
  diagnostics: readonly Diagnostic[] = [];
  #waiters: readonly Waiter[] = [];

  /** Give this to `start`. */
  readonly take = (report: SourceReport): void => {
    this.reports.push(report);
    for (const change of report.changes) {
      if (change.kind === 'applied') this.objects.set(change.object.id, change.object);
      else this.objects.delete(change.id);
    }
    this.diagnostics = report.diagnostics;
    const met = this.#waiters.filter((waiter) => waiter.met());
    this.#waiters = this.#waiters.filter((waiter) => !met.includes(waiter));
    for (const waiter of met) waiter.resolve();
  };

  /** Resolves as soon as the condition holds after a report, or at once if it holds now. */
  until(met: (log: ReportLog) => boolean): Promise<void> {
    if (met(this)) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiters = [...this.#waiters, { met: () => met(this), resolve }];
    return promise;
  }

  /** The object of that kind and name; a test that asks for one that is not there is wrong. */
  object(name: string, kind = 'ConfigMap', namespace = 'default'): SourceObject {
    const found = this.find(name, kind, namespace);
    if (found === undefined) throw new Error(`there is no ${kind} ${namespace}/${name}`);
    return found;
  }

  find(name: string, kind = 'ConfigMap', namespace = 'default'): SourceObject | undefined {
    return this.objects.values().find(({ id }) => id.endsWith(`/${kind}/${namespace}/${name}`));
  }

  /** The value of `data.value`, by which tests tell versions apart. */
  value(name: string): unknown {
    const data = this.find(name)?.json['data'];
    return isObject(data) ? data['value'] : undefined;
  }

  /** The diagnostics as `CODE file:line:column message`. */
  said(): readonly string[] {
    return this.diagnostics.map(
      ({ code, message, location: at }) => `${code} ${at?.file}:${at?.line}:${at?.column} ${message}`,
    );
  }
}

/** A small object; `value` tells its versions apart. */
export function configMap(name: string, value: string): string {
  return `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\ndata:\n  value: ${value}\n`;
}
