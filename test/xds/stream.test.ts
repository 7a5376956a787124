// The stream reducer, as conversations that both variants of the protocol share or that are one variant's own.
import { describe, expect, test } from 'vitest';
import type { Protocol } from '../../src/xds/requests.ts';
import { plain, play } from './transcript.ts';

type Case = readonly [sentence: string, text: string];

function run(protocols: readonly Protocol[], cases: readonly Case[]): void {
  for (const protocol of protocols) {
    describe(protocol, () => {
      test.each(cases)('%s', (_sentence, text) => {
        expect(play(protocol, text)).toBe(plain(text));
      });
    });
  }
}

const both: readonly Case[] = [
  [
    'a change is sent once, and only to who asked for it',
    `publish cluster: a=1; endpoint: a=1
     cluster ask
     < cluster a=1
     cluster ack
     publish endpoint: a=2
     endpoint ask a
     < endpoint a=2
     endpoint ack
     publish endpoint: a=3 b=1
     < endpoint a=3
     endpoint ack
     publish listener: l=1`,
  ],
  [
    'what was refused is not sent again until it changes',
    `publish endpoint: a=1
     endpoint ask a
     < endpoint a=1
     endpoint nack no such thing
     ! endpoint refused no such thing
     wait 60000
     publish listener: l=1
     publish endpoint: a=2
     < endpoint a=2
     endpoint ack
     publish endpoint: a=1
     < endpoint a=1`,
  ],
  [
    'a refused resource stays aside while another one of its type changes',
    `publish endpoint: a=1 b=1
     endpoint ask a b
     < endpoint a=1 b=1
     endpoint ack
     publish endpoint: a=2 b=1
     < endpoint a=2
     endpoint nack a
     ! endpoint refused a
     publish endpoint: a=2 b=2
     < endpoint b=2
     endpoint ack
     publish endpoint: a=3 b=2
     < endpoint a=3`,
  ],
  [
    'what shared a response with a refused resource is sent with its correction',
    `publish endpoint: a=1 b=1
     endpoint ask a b
     < endpoint a=1 b=1
     endpoint nack a
     ! endpoint refused a
     publish endpoint: a=2 b=1
     < endpoint a=2 b=1`,
  ],
  [
    'while an answer is awaited changes are merged, and the newest state follows it',
    `publish endpoint: a=1
     endpoint ask a
     < endpoint a=1
     publish endpoint: a=2
     publish endpoint: a=3
     publish endpoint: a=4
     endpoint ack
     < endpoint a=4
     publish endpoint: a=5
     publish endpoint: a=4
     endpoint ack`,
  ],
  [
    'a response without an answer is overtaken after two seconds, but only if there is news',
    `publish cluster: a=1
     cluster ask
     < cluster a=1
     wait 10000
     publish cluster: a=2
     < cluster a=2
     publish cluster: a=3
     wait 1999
     wait 1
     < cluster a=3
     cluster stale
     ! cluster stale`,
  ],
  [
    'endpoints follow a changed cluster though they are unchanged, and do not wait for the cluster to be acknowledged',
    `publish cluster: a=1; endpoint: a=1
     cluster ask
     < cluster a=1
     cluster ack
     endpoint ask a
     < endpoint a=1
     endpoint ack
     publish cluster: a=2
     < cluster a=2
     < endpoint a=1`,
  ],
  [
    'routes follow a changed listener though they are unchanged',
    `publish listener: l=1; route: l=1
     listener ask
     < listener l=1
     listener ack
     route ask l
     < route l=1
     route ack
     publish listener: l=2
     < listener l=2
     < route l=1`,
  ],
  [
    'endpoints that were asked for before the clusters are sent once more after them',
    `publish cluster: a=1; endpoint: a=1
     endpoint ask a
     < endpoint a=1
     endpoint ack
     cluster ask
     < cluster a=1
     < endpoint a=1`,
  ],
  [
    'one change goes out in the order clusters, endpoints, listeners, routes',
    `publish cluster: a=1; endpoint: a=1; listener: l=1; route: l=1
     route ask l
     < route l=1
     route ack
     listener ask
     < listener l=1
     < route l=1
     listener ack
     route ack
     endpoint ask a
     < endpoint a=1
     endpoint ack
     cluster ask
     < cluster a=1
     < endpoint a=1
     cluster ack
     endpoint ack
     publish cluster: a=2; endpoint: a=2; listener: l=2; route: l=2
     < cluster a=2
     < endpoint a=2
     < listener l=2
     < route l=2`,
  ],
  [
    'routes wait until the clusters of their snapshot were sent',
    `publish cluster: a=1; route: r=1
     cluster ask
     < cluster a=1
     route ask r
     < route r=1
     route ack
     publish cluster: a=2; route: r=2
     cluster ack
     < cluster a=2
     < route r=2`,
  ],
  [
    'routes do not wait longer than until the clusters are overtaken',
    `publish cluster: a=1; route: r=1
     cluster ask
     < cluster a=1
     route ask r
     < route r=1
     route ack
     publish cluster: a=2; route: r=2
     wait 2000
     < cluster a=2
     < route r=2`,
  ],
  [
    'nothing is written while the client does not read, and then only the newest state',
    `publish endpoint: a=1; route: r=1
     stop
     endpoint ask a
     < endpoint a=1
     route ask r
     publish endpoint: a=2; route: r=2
     endpoint ack
     wait 60000
     publish endpoint: a=3; route: r=3
     go
     < endpoint a=3
     < route r=3`,
  ],
  [
    'an old nonce and version on a new stream count for nothing',
    `publish cluster: a=1
     cluster stale
     < cluster a=1`,
  ],
];

const sotw: readonly Case[] = [
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
    'wildcard: the forms of the protocol documentation, one after the other',
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
    'an empty list of endpoints asks for none, and one after names gives them up',
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
    'names in a request with a stale nonce do not count',
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
     cluster nack b is bad
     ! cluster refused b is bad
     publish listener: l=1
     wait 60000
     publish cluster: a=1 b=1 c=1
     < cluster a=1 b=1 c=1
     cluster nack b is bad
     ! cluster refused b is bad
     publish cluster: a=1 c=1
     < cluster a=1 c=1
     cluster ack`,
  ],
  ['a type that nobody knows is left unanswered', 'thing ask x\n! unknown type\nthing ask y\n! unknown type'],
];

const delta: readonly Case[] = [
  [
    'only what changed is sent, and what vanished is named',
    `publish cluster: a=1 b=1 c=1
     cluster ask
     < cluster a=1 b=1 c=1
     cluster ack
     publish cluster: a=1 b=2
     < cluster b=2 -c`,
  ],
  [
    'a client that comes back is sent what differs from what it holds',
    `publish cluster: a=1 b=2 c=1; endpoint: a=1 b=1
     cluster has a=1 b=1 x=1;
     < cluster b=2 c=1 -x
     cluster ack
     endpoint has a=1 b=1; a b c
     < endpoint b=1 -c`,
  ],
  [
    'a client that holds everything is answered all the same',
    `publish cluster: a=1
     cluster has a=1;
     < cluster
     cluster ack
     publish cluster: a=2
     < cluster a=2`,
  ],
  [
    'wildcard: the forms of the protocol documentation, one after the other',
    `publish cluster: a=1 b=1
     cluster ask
     < cluster a=1 b=1
     cluster ack
     cluster ask a
     < cluster a=1
     cluster ack
     publish cluster: a=1 b=2
     < cluster b=2
     cluster ack
     cluster drop *
     publish cluster: a=2 b=3
     < cluster a=2
     cluster ack
     cluster drop a
     publish cluster: a=3 b=4
     cluster ask *
     < cluster a=3 b=4`,
  ],
  [
    'a name given up that everything still covers is told again',
    `publish cluster: a=1
     cluster ask * a x
     < cluster a=1 -x
     cluster ack
     cluster drop a x
     < cluster a=1 -x`,
  ],
  [
    'asking again for what is held brings it again',
    `publish cluster: a=1; endpoint: a=1 b=1
     endpoint ask a b
     < endpoint a=1 b=1
     endpoint ack
     endpoint ask a
     < endpoint a=1
     endpoint ack
     cluster ask
     < cluster a=1
     < endpoint a=1
     cluster ack
     cluster ask *
     < cluster a=1`,
  ],
  [
    'what is not there is said to be not there, and sent when it comes',
    `publish cluster: a=1
     endpoint ask x
     < endpoint -x
     endpoint ack
     publish endpoint: x=1
     < endpoint x=1`,
  ],
  [
    'all given up, then asked for again',
    `publish endpoint: a=1 b=1
     endpoint ask a b
     < endpoint a=1 b=1
     endpoint ack
     endpoint drop a b
     publish endpoint: a=2 b=1
     endpoint ask a b
     < endpoint a=2 b=1`,
  ],
  [
    'names in a message with a stale nonce count, its answer does not',
    `publish endpoint: a=1 b=1
     endpoint ask a
     < endpoint a=1
     endpoint stale b
     ! endpoint stale
     endpoint ack
     < endpoint b=1`,
  ],
  [
    'a refused removal is not repeated',
    `publish endpoint: a=1
     endpoint ask a
     < endpoint a=1
     endpoint ack
     publish endpoint:
     < endpoint -a
     endpoint nack never
     ! endpoint refused never
     wait 60000
     publish cluster: b=1
     publish endpoint: a=1
     < endpoint a=1`,
  ],
  [
    'a cluster goes last, when the listeners and routes that may name it are acknowledged',
    `publish cluster: a=1 b=1; endpoint: a=1 b=1; listener: l=1 m=1; route: l=1
     cluster ask
     < cluster a=1 b=1
     cluster ack
     endpoint ask a b
     < endpoint a=1 b=1
     endpoint ack
     listener ask
     < listener l=1 m=1
     listener ack
     route ask l
     < route l=1
     route ack
     publish cluster: a=1; endpoint: a=1; listener: l=1; route: l=2
     < listener -m
     < route l=2
     route ack
     listener ack
     < cluster -b
     cluster ack
     < endpoint -b`,
  ],
  [
    'a removal does not wait for ever',
    `publish cluster: a=1 b=1; route: r=1
     cluster ask
     < cluster a=1 b=1
     cluster ack
     route ask r
     < route r=1
     route nack bad
     ! route refused bad
     publish cluster: a=1
     wait 4999
     wait 1
     < cluster -b`,
  ],
  [
    'what a client held before it came back goes last as well',
    `publish cluster: a=1; route: r=2
     route has r=1; r
     < route r=2
     cluster has a=1 b=1;
     < cluster
     cluster ack
     route ack
     < cluster -b`,
  ],
  [
    'endpoints of a cluster that changed while the client was away follow it, whatever the client holds',
    `publish cluster: a=2 b=1; endpoint: a=1 b=1
     cluster has a=1 b=1;
     < cluster a=2
     endpoint has a=1 b=1; a b
     < endpoint a=1`,
  ],
  [
    'what was overtaken unacknowledged is sent again with what is new',
    `publish cluster: a=1 b=1
     cluster ask
     < cluster a=1 b=1
     publish cluster: a=2 b=1 c=1
     wait 2000
     < cluster a=2 b=1 c=1
     cluster nack a
     ! cluster refused a
     publish cluster: a=3 b=1 c=1
     < cluster a=3 b=1 c=1`,
  ],
  [
    'of a type that nobody knows there is nothing',
    `thing ask x *
     ! unknown type
     < thing -x
     thing ack
     ! unknown type`,
  ],
];

run(['sotw', 'delta'], both);
run(['sotw'], sotw);
run(['delta'], delta);
