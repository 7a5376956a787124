// The stream reducer, as conversations that both variants of the protocol have in common.
import { type Case, converse } from './transcript.ts';

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
    'R-02: what was refused is not sent again until it changes',
    `publish endpoint: a=1
     endpoint ask a
     < endpoint a=1
     endpoint nack no such thing
     ! endpoint refused no such thing
     ! endpoint at fault a
     wait 60000
     publish listener: l=1
     publish endpoint: a=2
     < endpoint a=2
     endpoint ack
     publish endpoint: a=1
     < endpoint a=1`,
  ],
  [
    'R-05: a refused resource stays aside while another one of its type changes',
    `publish endpoint: a=1 b=1
     endpoint ask a b
     < endpoint a=1 b=1
     endpoint ack
     publish endpoint: a=2 b=1
     < endpoint a=2
     endpoint nack a
     ! endpoint refused a
     ! endpoint at fault a<a=1
     publish endpoint: a=2 b=2
     < endpoint b=2
     endpoint ack
     publish endpoint: a=3 b=2
     < endpoint a=3`,
  ],
  [
    'R-05: what shared a response with a refused resource is sent without it',
    `publish endpoint: a=1 b=1
     endpoint ask a b
     < endpoint a=1 b=1
     endpoint nack bad
     ! endpoint refused bad
     < endpoint
     endpoint ack
     < endpoint a=1
     endpoint nack a is bad
     ! endpoint refused a is bad
     ! endpoint at fault a
     < endpoint b=1
     publish endpoint: a=2 b=1
     endpoint ack
     < endpoint a=2`,
  ],
  [
    'R-24: while an answer is awaited changes are merged, and the newest state follows it',
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
    'R-24: a response without an answer is overtaken after two seconds, but only if there is news',
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
    'R-09: endpoints follow a changed cluster though they are unchanged, and do not wait for the cluster to be acknowledged',
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
    'R-13: after a response with changed clusters the endpoints of all of them come, changed or not',
    `publish cluster: a=1 b=1 c=1; endpoint: a=1 b=1 c=1
     cluster ask
     < cluster a=1 b=1 c=1
     cluster ack
     endpoint ask a b c
     < endpoint a=1 b=1 c=1
     endpoint ack
     publish cluster: a=2 b=2 c=2; endpoint: a=1 b=2 c=1
     < cluster a=2 b=2 c=2
     < endpoint a=1 b=2 c=1`,
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
    'R-08: endpoints that were asked for before the clusters are sent once more after them',
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
    'R-30: nothing is written while the client does not read, and then only the newest state',
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
    'R-17: a name twice in a request counts once',
    `publish endpoint: a=1
     endpoint ask a a
     < endpoint a=1
     endpoint ack
     publish endpoint: a=2
     < endpoint a=2`,
  ],
  [
    'R-07: an old nonce and version on a new stream count for nothing',
    `publish cluster: a=1
     cluster stale
     < cluster a=1`,
  ],
];

for (const protocol of ['sotw', 'delta'] as const) converse(protocol, both);
