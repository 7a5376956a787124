// A gRPC client on Node with the xDS of @grpc/grpc-js-xds. Each line on standard input is a round of calls as JSON,
// `{target, count, key}`; each line on standard output says who answered, or why nobody did, in the order of the calls.
import { createInterface } from 'node:readline';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { register } from '@grpc/grpc-js-xds';

interface Round {
  readonly target: string;
  readonly count: number;
  /** The value of the header x-user; null leaves it out. */
  readonly key: string | null;
}

register();
const pass = (bytes: Buffer): Buffer => bytes;
const channels = new Map<string, Client>();

function channel(target: string): Client {
  const known = channels.get(target) ?? new Client(target, credentials.createInsecure());
  channels.set(target, known);
  return known;
}

function call({ target, key }: Round): Promise<string> {
  const metadata = new Metadata();
  if (key !== null) metadata.set('x-user', key);
  return new Promise((resolve) => {
    channel(target).makeUnaryRequest(
      '/greeter.Greeter/Greet',
      pass,
      pass,
      Buffer.alloc(0),
      metadata,
      { deadline: Date.now() + 5000 },
      (error, answer) => resolve(answer === undefined ? `failed: ${error?.message}` : answer.toString()),
    );
  });
}

for await (const line of createInterface({ input: process.stdin })) {
  const round = JSON.parse(line) as Round;
  const answers: string[] = [];
  for (let sent = 0; sent < round.count; sent++) answers.push(await call(round));
  process.stdout.write(`${JSON.stringify(answers)}\n`);
}
process.exit();
