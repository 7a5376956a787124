// Attacks by what is asked for, and how often: well-formed requests of ADS. What the server does not read waits here.
import { setTimeout as delay } from 'node:timers/promises';
import { typeUrls } from '../../src/envoy/types.ts';
import { encode } from './ads-client.ts';
import type { Attack } from './attacks.ts';
import { rawCall } from './raw-call.ts';
import { message } from './raw-http2.ts';

const path = '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources';
const requestName = 'envoy.service.discovery.v3.DeltaDiscoveryRequest';
const range = (count: number): number[] => [...new Array(count).keys()];
const node = { id: 'sidecar~10.0.0.9~asking.default~x' };

/** A whole message of gRPC. */
const asks = (fields: Readonly<Record<string, unknown>>): Buffer =>
  message(encode(requestName, { type_url: typeUrls.endpoint, ...fields }));

interface Talk {
  /** Writes, and waits until the server has read most of it, or for `patience` milliseconds, or until the stream ends. */
  say(bytes: Buffer, patience?: number): Promise<void>;
  /** Resolves with the status of the stream. */
  readonly ended: Promise<number>;
}

/** One stream of delta ADS. */
async function talking(port: number, run: (talk: Talk) => Promise<void>): Promise<void> {
  const { stream, ended, close } = rawCall(port, path);
  const say: Talk['say'] = async (bytes, patience = 2_000) => {
    if (stream.destroyed || stream.writableEnded) return;
    if (stream.write(bytes)) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, patience);
    stream.once('drain', resolve);
    await Promise.race([promise, ended]);
    clearTimeout(timer);
    stream.off('drain', resolve);
  };
  try {
    await run({ say, ended });
  } finally {
    close();
  }
}

export const asking: Readonly<Record<string, Attack>> = {
  'a million names': (port) =>
    talking(port, async ({ say, ended }) => {
      for (const part of range(20)) {
        const names = range(50_000).map((index) => `outbound|80||n${part * 50_000 + index}.default.svc.cluster.local`);
        await say(asks({ ...(part === 0 ? { node } : {}), resource_names_subscribe: names }));
      }
      await ended;
    }),
  'a name of a megabyte': (port) =>
    talking(port, async ({ say, ended }) => {
      await say(asks({ node, resource_names_subscribe: ['x'.repeat(1 << 20)] }));
      await ended;
    }),
  'names of NUL, newlines, parents and look-alikes': (port) =>
    talking(port, async ({ say }) => {
      const odd = [
        'a\u0000b',
        'a\nb',
        '../../etc/passwd',
        'outbound|80||shоp-0.default.svc.cluster.local',
        '__proto__',
      ];
      await say(asks({ node, resource_names_subscribe: [...odd, '', '*', 'constructor', '\u202eabc', '%00'] }));
      for (const type of ['cluster', 'listener', 'route'] as const) {
        await say(asks({ type_url: typeUrls[type], resource_names_subscribe: odd }));
      }
      await delay(200);
    }),
  'twenty thousand flips of a subscription': (port) =>
    talking(port, async ({ say }) => {
      const names = range(10).map((index) => `outbound|80||shop-${index}.default.svc.cluster.local`);
      await say(asks({ node, resource_names_subscribe: names }));
      const [on, off] = [asks({ resource_names_subscribe: names }), asks({ resource_names_unsubscribe: names })];
      await say(Buffer.concat(range(10_000).flatMap(() => [off, on])));
    }),
  'the same request a hundred thousand times': (port) =>
    talking(port, async ({ say }) => {
      await say(asks({ node, type_url: typeUrls.cluster }));
      const again = asks({ type_url: typeUrls.cluster, resource_names_subscribe: ['*'] });
      await say(Buffer.concat(range(100_000).map(() => again)));
    }),
  'requests for ten thousand types that nobody knows': (port) =>
    talking(port, async ({ say }) => {
      await say(asks({ node, type_url: 'type.googleapis.com/none.0' }));
      await say(
        Buffer.concat(
          range(10_000).map((index) =>
            asks({ type_url: `type.googleapis.com/none.${index}`, resource_names_subscribe: ['a'] }),
          ),
        ),
      );
    }),
  'a request that is left in the middle after the first one': (port) =>
    talking(port, async ({ say, ended }) => {
      await say(asks({ node }));
      await say(message(Buffer.from('abc'), { length: 1_000 }));
      await ended;
    }),
  'a request of a byte at a time': (port) =>
    talking(port, async ({ say, ended }) => {
      const bytes = asks({ node, resource_names_subscribe: ['x'.repeat(4_000)] });
      let over = false;
      void ended.then(() => {
        over = true;
      });
      for (const byte of bytes) {
        if (over) break;
        await say(Buffer.from([byte]));
        await delay(10);
      }
      await ended;
    }),
};
