// Puts the rules of capture into the network namespace that this process is in.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import type { JsonObject } from '../../lib/json.ts';
import { CannotStart } from '../launcher.ts';

/** From this address Envoy calls the workload over IPv6; that of IPv4 is there by itself. */
const inboundSource = '::6/128';

/** Applies a ruleset at once, or nothing of it. Throws CannotStart, with nft's reason. */
export function applyRules(rules: JsonObject): void {
  // nft opens its standard input by name, which works for a pipe but not for the socket that Node hands it.
  run('/bin/sh', ['-c', 'cat | nft -j -f -'], JSON.stringify(rules));
  // Where IPv6 is off there is nothing to do.
  if (existsSync('/proc/sys/net/ipv6/conf/lo') && !isOff('/proc/sys/net/ipv6/conf/lo/disable_ipv6')) {
    run('ip', ['-6', 'address', 'replace', inboundSource, 'dev', 'lo'], '');
  }
}

function isOff(path: string): boolean {
  return readFileSync(path, 'utf8').trim() === '1';
}

function run(program: string, words: readonly string[], input: string): void {
  const { status, stderr, error } = spawnSync(program, words, { input, encoding: 'utf8' });
  if (status === 0) return;
  const reason = error?.message ?? stderr.trim();
  throw new CannotStart(`connections cannot be captured: ${program} ended with status ${status}: ${reason}`);
}
