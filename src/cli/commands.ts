// All commands, in the order in which help shows them.
import type { Command } from 'commander';
import { completionCommand } from './completion.ts';
import { demoCommand } from './demo.ts';
import { serveCommand } from './serve.ts';
import { translateCommand } from './translate.ts';
import { validateCommand } from './validate.ts';
import { versionCommand } from './version.ts';

export const commands: readonly (() => Command)[] = [
  serveCommand,
  demoCommand,
  validateCommand,
  translateCommand,
  completionCommand,
  versionCommand,
];
