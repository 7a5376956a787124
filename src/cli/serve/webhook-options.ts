// Options of `sluice serve` about admission webhooks.
import { type Command, Option } from 'commander';
import { UsageError } from '../command.ts';
import { type Address, parseAddress } from './address.ts';
import type { TlsOptions } from './tls-options.ts';

export interface WebhookFlags {
  readonly webhookAddress?: Address;
  readonly sidecarImage?: string;
}

export interface WebhookOptions {
  readonly address: Address;
  /** Of sidecars; null: the usual one. */
  readonly image: string | null;
}

/** Adds the options to the command. */
export function addWebhookOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--webhook-address <host:port>',
        'where admission webhooks answer, /inject and /validate, with the certificate of --tls-dir or --ca-dir',
      ).argParser(parseAddress),
    )
    .option('--sidecar-image <name>', 'the image of injected sidecars, with --webhook-address');
}

/** Null: no webhooks. Throws UsageError. */
export function webhookOptions(flags: WebhookFlags, tls: TlsOptions | null): WebhookOptions | null {
  const { webhookAddress: address, sidecarImage } = flags;
  if (address === undefined) {
    if (sidecarImage !== undefined) throw new UsageError('--sidecar-image is of use with --webhook-address only');
    return null;
  }
  if (tls === null) throw new UsageError('an API server calls webhooks over TLS alone: add --tls-dir or --ca-dir');
  return { address, image: sidecarImage ?? null };
}
