// A mark: node:tls alone. Sends the same bytes, from one Buffer, to everyone who connects with a certificate.
// Usage: tls.ts FOLDER BYTES, where the folder holds tls.crt, tls.key and ca.crt.
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createServer } from 'node:tls';

const [folder = '', bytes = '0'] = process.argv.slice(2);
const file = (name: string): Buffer => readFileSync(join(folder, name));
const payload = Buffer.alloc(Number(bytes), 'sluice');
const server = createServer(
  { cert: file('tls.crt'), key: file('tls.key'), ca: file('ca.crt'), requestCert: true, rejectUnauthorized: true },
  (socket) => {
    // The reader goes when it has all.
    socket.on('error', () => socket.destroy());
    socket.write(payload);
  },
);
server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 }, () => {
  console.log(`listening tls=127.0.0.1:${(server.address() as AddressInfo).port}`);
});
