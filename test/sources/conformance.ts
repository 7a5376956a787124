// What every source promises, whatever it reads.
import { describe, expect, test } from 'vitest';
import { configMap, type ReportLog } from './report-log.ts';

/** A source and the way to put objects into it; each text is kept under a name by which it can be removed. */
export interface Subject {
  readonly log: ReportLog;
  put(texts: Readonly<Record<string, string>>): Promise<void>;
  remove(name: string): Promise<void>;
  /** The file that locations name for a text. */
  file(name: string): string;
}

export type Begin = (texts: Readonly<Record<string, string>>) => Promise<Subject>;

export function promises(name: string, begin: Begin): void {
  describe(`the source over ${name}`, () => {
    test('reports all that is there at the start, in one report', async () => {
      const { log } = await begin({ a: configMap('a', 'one'), b: configMap('b', 'one') });
      expect(log.reports.map(({ changes }) => changes.length)).toEqual([2]);
      expect([...log.objects.keys()]).toEqual(['/ConfigMap/default/a', '/ConfigMap/default/b']);
    });

    test('starts with nothing as well', async () => {
      const { log } = await begin({});
      expect(log.reports).toEqual([{ changes: [], diagnostics: [] }]);
    });

    test('reports a new object', async () => {
      const { log, put } = await begin({});
      await put({ a: configMap('a', 'one') });
      await log.until(({ objects }) => objects.size === 1);
      expect(log.value('a')).toBe('one');
    });

    test('reports a changed object as a new one, and leaves the others alone', async () => {
      const { log, put } = await begin({ a: configMap('a', 'one'), b: configMap('b', 'one') });
      const before = { a: log.object('a'), b: log.object('b') };
      await put({ a: configMap('a', 'two') });
      await log.until(({ value }) => value.call(log, 'a') === 'two');
      expect(log.object('a')).not.toBe(before.a);
      expect(log.object('b')).toBe(before.b);
      expect(log.reports.at(-1)?.changes).toHaveLength(1);
    });

    test('reports an object that is gone', async () => {
      const { log, remove } = await begin({ a: configMap('a', 'one'), b: configMap('b', 'one') });
      await remove('a');
      await log.until(({ objects }) => objects.size === 1);
      expect(log.reports.at(-1)?.changes).toEqual([{ kind: 'deleted', id: '/ConfigMap/default/a' }]);
    });

    test('gives objects that nobody can change', async () => {
      const { log } = await begin({ a: configMap('a', 'one') });
      const object = log.object('a');
      expect(Object.isFrozen(object)).toBe(true);
      expect(Object.isFrozen(object.json)).toBe(true);
      expect(Object.isFrozen(object.json['metadata'])).toBe(true);
    });

    test('fills in the namespace where the kind has one', async () => {
      const node = 'apiVersion: v1\nkind: Node\nmetadata: {name: node-1}\n';
      const service = 'apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {ports: [{port: 80}]}\n';
      const { log } = await begin({ node, service });
      expect([...log.objects.keys()].sort()).toEqual(['/Node//node-1', '/Service/default/s']);
      expect(log.object('s', 'Service').json).toMatchObject({ kind: 'Service', metadata: { name: 's' } });
    });
  });
}
