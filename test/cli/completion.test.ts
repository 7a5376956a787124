// Completion, asked as shells ask; bash's script is really loaded into bash.
import { spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { complete } from '../../src/cli/completion/complete.ts';
import { createProgram } from '../../src/cli/program.ts';
import { folder, sluice } from './sluice.ts';

const values = (...words: readonly string[]): readonly string[] =>
  complete(createProgram(), words).candidates.map(({ value }) => value);

describe('what may stand at the cursor', () => {
  test('commands, with what they are for', () => {
    expect(values('v')).toEqual(['validate', 'version']);
    const { candidates } = complete(createProgram(), ['vali']);
    expect(candidates).toEqual([
      { value: 'validate', description: 'check each object on its own: syntax, fields, types, values' },
    ]);
  });

  test('options of the command that was named', () => {
    expect(values('validate', '--s')).toEqual(['--strict']);
    expect(values('validate', '--strict', '--no')).toEqual(['--no-color']);
    expect(values('version', '--s')).toEqual([]);
  });

  test('the choices of an option', () => {
    expect(values('validate', '-o', '')).toEqual(['table', 'json', 'yaml']);
    expect(values('serve', '--log-level', 'd')).toEqual(['debug']);
  });

  test('the choices of an option after an equals sign, in one word or as bash splits them', () => {
    expect(values('validate', '--output=j')).toEqual(['--output=json']);
    expect(values('validate', '--output', '=', 'j')).toEqual(['json']);
    expect(values('validate', '--output', '=')).toEqual(['table', 'json', 'yaml']);
  });

  test('the next word of a list', () => {
    expect(values('translate', '--type', 'cluster,e')).toEqual(['cluster,endpoint']);
    expect(values('translate', '--type', 'route,secret,')).toEqual([
      'route,secret,cluster',
      'route,secret,endpoint',
      'route,secret,listener',
    ]);
  });

  test('the choices of an argument', () => {
    expect(values('completion', '')).toEqual(['bash', 'zsh', 'fish']);
    expect(values('codes', 'SLC010')).toContain('SLC0101');
  });

  test.each([
    ['-f', ['validate', '-f', ''], true],
    ['every folder after --config', ['serve', '--config', 'a', 'b'], true],
    ['the folder of the demo', ['demo', ''], true],
    ['a name', ['translate', '-n', ''], false],
    ['nothing', ['version', ''], false],
  ])('paths: %s', (_, words, paths) => expect(complete(createProgram(), words).paths).toBe(paths));

  test('nothing that is hidden', () => {
    expect(values('_')).toEqual([]);
    expect(values('translate', '--nod')).toEqual([]);
  });
});

/** What bash offers at the end of a line, with the script loaded. */
async function bashOffers(line: string): Promise<readonly string[]> {
  const { stdout: script } = await sluice(['completion', 'bash']);
  const bin = folder({});
  writeFileSync(join(bin, 'completion.bash'), script);
  const program = join(import.meta.dirname, '../../src/main.ts');
  writeFileSync(join(bin, 'sluice'), `#!/bin/sh\nexec "${process.execPath}" "${program}" "$@"\n`);
  chmodSync(join(bin, 'sluice'), 0o755);
  // As readline does: the words of the line, the cursor in the last one.
  const ask = `
    source "$1/completion.bash" || exit 1
    compopt() { echo "compopt $*"; }
    read -ra COMP_WORDS <<<"$2"
    [[ $2 == *' ' ]] && COMP_WORDS+=('')
    COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
    complete -p sluice >/dev/null || exit 1
    _sluice
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr, status } = spawnSync('bash', ['--norc', '-c', ask, 'bash', bin, line], {
    encoding: 'utf8',
    env: { ...process.env, PATH: `${bin}:${process.env['PATH']}` },
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout.split('\n').filter((word) => word !== '');
}

describe('bash', () => {
  test('completes commands', async () => expect(await bashOffers('sluice ser')).toEqual(['serve']));
  test('completes values', async () =>
    expect(await bashOffers('sluice translate -o ')).toEqual(['table', 'json', 'yaml']));
  test('completes words of a command, be it under its other name', async () =>
    expect(await bashOffers('sluice pc cl')).toEqual(['cluster']));
  test('completes paths itself', async () =>
    expect(await bashOffers('sluice validate -f ')).toEqual(['compopt -o default']));
});

test.each(['zsh', 'fish'])('there is a script for %s', async (shell) => {
  const { status, stdout } = await sluice(['completion', shell]);
  expect(status).toBe(0);
  expect(stdout).toContain('__complete --');
});
