// All commands, in the order in which help shows them.
import type { Command } from 'commander';
import { analyzeCommand } from './analyze.ts';
import { codesCommand } from './codes.ts';
import { completionCommand } from './completion.ts';
import { configCommand } from './config.ts';
import { demoCommand } from './demo.ts';
import { doctorCommand } from './doctor.ts';
import { injectCommand } from './inject.ts';
import { installCommand } from './install.ts';
import { proxyCommand } from './proxy.ts';
import { serveCommand } from './serve.ts';
import { statusCommand } from './status.ts';
import { translateCommand } from './translate.ts';
import { validateCommand } from './validate.ts';
import { versionCommand } from './version.ts';
import { waitCommand } from './wait.ts';

export const commands: readonly (() => Command)[] = [
  serveCommand,
  demoCommand,
  proxyCommand,
  installCommand,
  validateCommand,
  analyzeCommand,
  translateCommand,
  injectCommand,
  statusCommand,
  configCommand,
  waitCommand,
  doctorCommand,
  codesCommand,
  completionCommand,
  versionCommand,
];
