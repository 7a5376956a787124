// How often proxies report their load is the control plane's to say.
import { expect, test } from 'vitest';
import { converse } from '../xds/services/client.ts';
import { folder, serve } from './sluice.ts';

const service = 'envoy.service.load_stats.v3.LoadReportingService';

test('--load-report-interval is what a proxy is told', async () => {
  const serving = await serve(['--load-report-interval', '3', '--config', folder({})]);
  const stream = converse(Number(serving.xds.split(':')[1]), service, 'StreamLoadStats');
  stream.write({ node: { id: 'sidecar~10.0.0.1~web.shop~shop.svc.cluster.local' } });
  expect(await stream.next()).toMatchObject({ load_reporting_interval: { seconds: 3 } });
  stream.end();
});
