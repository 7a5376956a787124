// What a user meets first: help, mistyped words, the version.
import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { version } from '../../src/cli/version.ts';
import { sluice } from './sluice.ts';

const commands = [
  ...[
    'serve',
    'demo',
    'proxy',
    'validate',
    'analyze',
    'translate',
    'inject',
    'status',
    'config',
    'codes',
    'completion',
    'version',
  ],
];

describe('help', () => {
  test('names every command and is data: on standard output, with status 0', async () => {
    const { status, stdout, stderr } = await sluice(['--help']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    for (const command of commands) expect(stdout).toMatch(new RegExp(`^  ${command}\\b`, 'm'));
    expect(stdout).not.toContain('__complete');
  });

  test.each(commands)('of %s teaches: a sentence, examples and the exit status', async (command) => {
    const { status, stdout } = await sluice([command, '--help']);
    expect(status).toBe(0);
    expect(stdout).toContain(`Usage: sluice ${command}`);
    expect(stdout).toMatch(/^Examples:$/m);
    expect(stdout).toMatch(/^Exit status:$/m);
    if (stdout.includes('--output')) expect(stdout).toMatch(/^Output of -o json:$/m);
  });

  test('without any word is shown on standard error, with status 2', async () => {
    const { status, stdout, stderr } = await sluice([]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain('Usage: sluice <command>');
  });
});

describe('wrong usage says what was meant and ends with status 2', () => {
  test.each([
    ['a command', ['validat'], "unknown command 'validat'\n(Did you mean validate?)"],
    ['an option', ['validate', '-f', '.', '--strickt'], "unknown option '--strickt'\n(Did you mean --strict?)"],
    ['a value', ['version', '-o', 'xml'], 'Allowed choices are table, json, yaml.'],
    ['a missing option', ['validate'], "required option '-f, --filename <path>' not specified"],
    ['too many words', ['version', 'please'], 'too many arguments'],
    ['a word of a list', ['translate', '-f', '.', '--type', 'cluster,rout'], 'Allowed choices are cluster, endpoint'],
  ])('%s', async (_, args, message) => {
    const { status, stdout, stderr } = await sluice(args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(message);
    expect(stderr).toContain("--help'");
  });
});

describe('version', () => {
  test('is one line', async () => {
    expect(await sluice(['version'])).toEqual({
      status: 0,
      stdout: `sluice ${version} (node ${process.versions.node})\n`,
      stderr: '',
    });
  });

  test('is JSON for scripts', async () => {
    const { stdout } = await sluice(['version', '-o', 'json']);
    expect(JSON.parse(stdout)).toEqual({ version, node: process.versions.node });
  });

  test('is YAML for people', async () => {
    const { stdout } = await sluice(['version', '-o', 'yaml']);
    expect(stdout).toBe(`version: ${version}\nnode: ${process.versions.node}\n`);
  });
});

describe('colours', () => {
  const bold = '\x1b[1m';
  const help = async (args: readonly string[], env: Readonly<Record<string, string>>): Promise<boolean> =>
    (await sluice([...args, '--help'], { env })).stdout.includes(bold);

  test('are not written into a pipe', async () => expect(await help([], {})).toBe(false));
  test('are written where FORCE_COLOR asks for them', async () =>
    expect(await help([], { FORCE_COLOR: '1' })).toBe(true));
  test('are not written with --no-color', async () =>
    expect(await help(['--no-color'], { FORCE_COLOR: '1' })).toBe(false));
  test('are not written where NO_COLOR is set', async () => expect(await help([], { NO_COLOR: '1' })).toBe(false));
});

test('a reader that goes away early ends the program quietly', () => {
  const command = `"${process.execPath}" src/main.ts translate --help | head -n 1; echo "\${PIPESTATUS[0]}"`;
  const { stdout, stderr } = spawnSync('bash', ['-c', command], { encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(stdout).toMatch(/^Usage: sluice translate .*\n0\n$/);
});

test('data that cannot be written is an error in one line', () => {
  const { status, stderr } = spawnSync('bash', ['-c', `"${process.execPath}" src/main.ts version > /dev/full`], {
    encoding: 'utf8',
  });
  expect([status, stderr]).toEqual([
    2,
    'sluice: cannot write to standard output: ENOSPC: no space left on device, write\n',
  ]);
});
