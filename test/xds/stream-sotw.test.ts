// The stream reducer, as conversations of the state-of-the-world variant.
import { expect, test } from 'vitest';
import { type Case, Conversation, converse } from './transcript.ts';

const sotw: readonly Case[] = [
  [
    'R-28: full states keep their distance, the more so the larger they are; endpoints and routes do not wait',
    `spacing 100
     publish cluster: a=1 b=1; endpoint: a=1 b=1
     cluster ask
     < cluster a=1 b=1
     cluster ack
     endpoint ask a b
     < endpoint a=1 b=1
     endpoint ack
     wait 50
     publish cluster: a=2 b=1
     wait 50
     publish cluster: a=3 b=1; endpoint: a=1 b=2
     < endpoint b=2
     endpoint ack
     wait 99
     wait 1
     < cluster a=3 b=1
     < endpoint a=1
     cluster ack
     endpoint ack
     wait 200
     publish cluster: a=4 b=1
     < cluster a=4 b=1
     < endpoint a=1`,
  ],
  [
    'R-28: who asks is answered, and what mends a refusal is sent, whatever was sent just before',
    `spacing 60000
     publish cluster: a=1
     cluster ask
     < cluster a=1
     cluster ack
     cluster fresh
     < cluster a=1
     cluster ack
     cluster ask *
     publish cluster: a=2
     wait 60000
     < cluster a=2
     cluster nack no
     ! cluster refused no
     ! cluster at fault a<a=1
     publish cluster: a=3
     < cluster a=3
     cluster ack
     wait 60000
     publish cluster: a=3 b=1 c=1
     < cluster a=3 b=1 c=1
     cluster nack bad
     ! cluster refused bad
     < cluster a=3
     cluster ack
     < cluster a=3 b=1
     cluster nack bad
     ! cluster refused bad
     ! cluster at fault b
     < cluster a=3`,
  ],
  [
    'clusters are sent as a whole, endpoints as far as they changed',
    `publish cluster: a=1 b=1; endpoint: a=1 b=1
     cluster ask
     < cluster a=1 b=1
     cluster ack
     endpoint ask a b
     < endpoint a=1 b=1
     endpoint ack
     publish cluster: a=2 b=1; endpoint: a=1 b=2
     < cluster a=2 b=1
     < endpoint a=1 b=2`,
  ],
  [
    'R-16: wildcard: the forms of the protocol documentation, one after the other',
    `publish cluster: a=1 b=1
     cluster ask
     < cluster a=1 b=1
     cluster ack
     cluster ask * a
     < cluster a=1 b=1
     cluster ack
     publish cluster: a=1 b=2
     < cluster a=1 b=2
     cluster ack
     cluster ask a
     publish cluster: a=1 b=3
     publish cluster: a=2 b=3
     < cluster a=2
     cluster ack
     cluster ask
     publish cluster: a=3 b=4
     cluster ask *
     < cluster a=3 b=4`,
  ],
  [
    'R-21: an empty list of endpoints asks for none, and one after names gives them up',
    `publish endpoint: a=1 b=1
     endpoint ask
     endpoint ask a
     < endpoint a=1
     endpoint ack
     endpoint ask
     publish endpoint: a=2 b=2
     endpoint ask a b
     < endpoint a=2 b=2`,
  ],
  [
    'R-23: what was given up while it waited is not sent',
    `publish endpoint: a=1 b=1
     endpoint ask a b
     < endpoint a=1 b=1
     publish endpoint: a=2 b=2
     endpoint ask b
     < endpoint b=2`,
  ],
  [
    'R-11: a cluster that goes and comes back has its endpoints sent again, though they are the same',
    `publish cluster: a=1; endpoint: a=1
     endpoint ask a
     < endpoint a=1
     endpoint ack
     cluster ask
     < cluster a=1
     < endpoint a=1
     cluster ack
     endpoint ack
     publish cluster:
     < cluster
     cluster ack
     publish cluster: a=1
     < cluster a=1
     < endpoint a=1`,
  ],
  [
    'what was not there when it was asked for is sent when it comes',
    `publish cluster: a=1
     endpoint ask x
     publish endpoint: x=1
     < endpoint x=1`,
  ],
  [
    'a listener that is not there: the answer is a state without it',
    `publish listener: l=1
     listener ask x
     < listener
     listener ack
     publish listener: x=1
     < listener x=1`,
  ],
  [
    'everything is answered even if there is nothing',
    `publish cluster:
     cluster ask
     < cluster`,
  ],
  [
    'the same request without a nonce starts anew',
    `publish cluster: a=1; endpoint: a=1
     cluster ask
     < cluster a=1
     cluster ack
     cluster fresh
     < cluster a=1
     cluster ack
     endpoint ask a
     < endpoint a=1
     endpoint ack
     endpoint fresh a
     < endpoint a=1`,
  ],
  [
    'R-06: names in a request with a stale nonce do not count',
    `publish endpoint: a=1 b=1
     endpoint ask a
     < endpoint a=1
     endpoint ack
     endpoint stale a b
     ! endpoint stale
     publish endpoint: a=1 b=2`,
  ],
  [
    'a cluster goes last, when the routes that may name it are acknowledged',
    `publish cluster: a=1 b=1; listener: l=1; route: l=1
     cluster ask
     < cluster a=1 b=1
     cluster ack
     listener ask
     < listener l=1
     listener ack
     route ask l
     < route l=1
     route ack
     publish cluster: a=1 c=1; route: l=2
     < cluster a=1 c=1 b=1
     < route l=2
     cluster ack
     route ack
     < cluster a=1 c=1`,
  ],
  [
    'a refused state is sent again only as another state',
    `publish cluster: a=1 b=1
     cluster ask
     < cluster a=1 b=1
     cluster nack Error adding/updating cluster(s) b: bad
     ! cluster refused Error adding/updating cluster(s) b: bad
     ! cluster at fault b
     publish listener: l=1
     wait 60000
     publish cluster: a=1 b=1 c=1
     < cluster a=1 c=1
     cluster ack
     publish cluster: a=1 b=2 c=1
     < cluster a=1 b=2 c=1
     cluster nack Error adding/updating cluster(s) b: bad
     ! cluster refused Error adding/updating cluster(s) b: bad
     ! cluster at fault b
     publish cluster: a=1 c=1
     < cluster a=1 c=1`,
  ],
  ['R-18: a type that nobody knows is left unanswered', 'thing ask x\n! unknown type\nthing ask y\n! unknown type'],
  [
    'a refused cluster that goes is not kept for the routes, for it may have spoilt the rest',
    `publish cluster: a=1 b=1; route: r=1
     cluster ask
     < cluster a=1 b=1
     route ask r
     < route r=1
     cluster nack Error adding/updating cluster(s) b: bad
     ! cluster refused Error adding/updating cluster(s) b: bad
     ! cluster at fault b
     publish cluster: a=1 c=1
     < cluster a=1 c=1`,
  ],
  [
    'a refused state that removed something is not repeated',
    `publish cluster: a=1
     cluster ask
     < cluster a=1
     wait 2000
     publish cluster:
     < cluster
     cluster nack never
     ! cluster refused never
     wait 60000`,
  ],
];

converse('sotw', sotw);

test('R-28: of 5,000 clusters that change every second for a minute a client is sent a few full states', () => {
  const names = Array.from({ length: 5_000 }, (_, index) => `c${index}`);
  const client = new Conversation('sotw');
  client.play('spacing 4');
  client.play(`publish cluster: ${names.map((name) => `${name}=1`).join(' ')}; endpoint: c7=0`);
  for (const line of ['cluster ask', 'cluster ack', 'endpoint ask c7', 'endpoint ack']) client.play(line);
  const before = client.lines.length;
  for (let second = 1; second <= 60; second += 1) {
    const changed = names.map((name, index) => `${name}=${index === second ? 2 : 1}`).join(' ');
    for (const line of [
      `publish cluster: ${changed}; endpoint: c7=${second}`,
      'cluster ack',
      'endpoint ack',
      'wait 1000',
    ])
      client.play(line);
  }
  const sent = client.lines.slice(before).filter((line) => line.startsWith('< '));
  expect(sent.filter((line) => line.startsWith('< cluster')).length).toBe(3);
  expect(sent.filter((line) => line.startsWith('< endpoint'))).toHaveLength(60);
});
