// The debug pages: for this machine alone, and nobody is shown more than what they ask for.
import { get } from 'node:http';
import { describe, expect, test } from 'vitest';
import type { Address } from '../../src/cli/serve/address.ts';
import { debugPages } from '../../src/cli/serve/debug.ts';
import { documents, service, slice } from './input.ts';
import { folder, serve } from './sluice.ts';

const input = documents(service, slice);

/** The status and the body of a page, asked with this Host header. */
function page(
  http: string,
  path: string,
  host: string,
  method = 'GET',
): Promise<readonly [number | undefined, string]> {
  const [address, port] = http.split(':');
  return new Promise((resolve, reject) => {
    const request = get({ host: address, port, path, method, headers: { host } }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve([response.statusCode, text]));
    });
    request.on('error', reject);
  });
}

describe('S-44: the debug pages', () => {
  test('answer under the names of this machine, and under no other', async () => {
    const { http } = await serve(['--config', folder({ 'all.yaml': input })]);
    for (const host of ['127.0.0.1', 'localhost', 'LOCALHOST:15014', '127.0.0.2:1', '[::1]:15014', http]) {
      expect((await page(http, '/debug/proxies', host))[0]).toBe(200);
    }
    for (const host of ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example', '10.0.0.1', '[::1].evil']) {
      expect((await page(http, '/debug/proxies', host))[0]).toBe(403);
    }
    expect((await page(http, '/healthz', 'evil.example'))[0]).toBe(200);
  });

  test('are not there where other machines reach the listener', async () => {
    const { http } = await serve(['--config', folder({ 'all.yaml': input }), '--http-address', '0.0.0.0:0']);
    const [status, text] = await page(http.replace('0.0.0.0', '127.0.0.1'), '/debug/proxies', 'localhost');
    expect(status).toBe(403);
    expect(text).toContain('--http-address is a loopback address');
  });

  test('have no way out of the proxies, and take no orders', async () => {
    const { http } = await serve(['--config', folder({ 'all.yaml': input })]);
    for (const path of [
      '/debug',
      '/debug/',
      '/debug/pprof',
      '/debug/proxies/',
      '/debug/proxies/x',
      '/debug/proxies/..%2f..%2fetc/config',
      '/debug/proxies/http%3A%2F%2F127.0.0.1%2F/config',
      '/debug/proxies/__proto__/config',
    ]) {
      expect((await page(http, path, 'localhost'))[0]).toBe(404);
    }
    for (const path of ['/debug/proxies/%ff/config', '/debug/proxies/x/config?type=secret']) {
      expect((await page(http, path, 'localhost'))[0]).toBe(400);
    }
    expect((await page(http, '/debug/proxies', 'localhost', 'POST'))[0]).toBe(405);
  });

  test('the address at which the listener was opened counts, and no name at all does not', () => {
    const listening: Address = { host: '127.0.0.5', port: 1 };
    const nobody = { streams: () => [], refusals: () => [], objects: () => new Map(), loadReports: () => [] };
    const status = (host: string | undefined) => debugPages(listening, nobody)({ url: '/debug/proxies', host })?.status;
    expect([status('127.0.0.5:1'), status(''), status(undefined)]).toEqual([200, 403, 403]);
  });
});
