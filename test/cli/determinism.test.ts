// Two processes, two machines, two ways to cut a folder into files: the same bytes.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { folder, sluice } from './sluice.ts';

const shared = join(import.meta.dirname, '../golden/shared');

test('two processes print the same configuration, whatever the files are called', async () => {
  const [pods = '', db = ''] = ['pods', 'db'].map((name) => readFileSync(join(shared, `${name}.yaml`), 'utf8'));
  const folders = [folder({ '1.yaml': pods, '2.yaml': db }), folder({ 'all.yaml': `${db}---\n${pods}` })];
  const printed = await Promise.all(
    folders.map((dir) => sluice(['translate', '-f', dir, '--proxy', 'shop-a.default', '-o', 'json'])),
  );
  expect(printed[0]?.status).toBe(0);
  expect(printed[0]?.stdout).toContain('inbound|8080||');
  expect(printed[1]?.stdout).toBe(printed[0]?.stdout);
});
