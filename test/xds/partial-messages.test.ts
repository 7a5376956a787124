// S-10 for the services beside ADS: a message that begins and does not become whole ends its stream.
import { expect, test } from 'vitest';
import { healthService } from '../../src/xds/services/health.ts';
import { flags, frame, frameTypes, grpcHeaders, message, RawHttp2 } from '../harness/raw-http2.ts';
import { inWorld } from './world.ts';

const path = '/grpc.health.v1.Health/Watch';
const open = frame(frameTypes.headers, flags.endHeaders, 1, grpcHeaders({ ':path': path }));

test('S-10: a message to a service beside ADS that does not become whole ends its stream', () =>
  inWorld(
    'delta',
    async ({ server }) => {
      const client = await RawHttp2.open(server.port);
      const part = message(Buffer.from([0]), { length: 100 });
      await client.push(open, frame(frameTypes.data, 0, 1, part));
      await client.ended(1);
      expect(client.frames.some(({ stream, type }) => stream === 1 && type === frameTypes.reset)).toBe(true);
      client.close();
    },
    { wholeRequest: 100 },
    { services: () => [healthService([]).service] },
  ));
