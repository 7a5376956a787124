// Make before break: what names a cluster waits until the client has acknowledged it..
import type { Protocol } from '../../src/xds/requests.ts';
import { type Case, converse } from './transcript.ts';

/** Clusters, listeners and routes of a client that has taken everything. */
const inForce = `publish cluster: a=1; endpoint: a=1 b=1; listener: l=1; route: l=x:a,y:a
     cluster ask
     < cluster a=1
     cluster ack
     listener ask
     < listener l=1
     listener ack
     route ask l
     < route l=x:a,y:a
     route ack`;

/** SotW repeats the clusters that are unchanged. */
const cases = (protocol: Protocol, a = protocol === 'sotw' ? 'a=1 ' : ''): readonly Case[] => [
  [
    'R-25: routes name a new cluster when it is acknowledged; until then a virtual host keeps its last form',
    `${inForce}
     publish cluster: a=1 b=1; route: l=x:b,y:a
     < cluster ${a}b=1
     wait 4999
     cluster ack
     < route l=x:b,y:a
     route ack`,
  ],
  [
    'R-25: a virtual host whose cluster is never acknowledged holds up no other, and is reported after the deadline',
    `${inForce}
     publish cluster: a=1 b=1; route: l=x:b,y:503
     < cluster ${a}b=1
     < route l=x:a,y:503
     route ack
     wait 4999
     wait 1
     ! route held l/x
     wait 60000
     publish route: l=x:b,y:a
     < route l=x:a,y:a
     route ack
     cluster ack
     < route l=x:b,y:a`,
  ],
  [
    'R-26: a new virtual host answers 503 until its cluster is acknowledged',
    `${inForce}
     publish cluster: a=1 b=1; route: l=x:a,y:a,z:b
     < cluster ${a}b=1
     < route l=x:a,y:a,z:503
     route ack
     cluster ack
     < route l=x:a,y:a,z:b`,
  ],
  [
    'R-25: a listener keeps its last form until the cluster that it names is acknowledged',
    `publish cluster: a=1; listener: l=tcp:a
     cluster ask
     < cluster a=1
     cluster ack
     listener ask
     < listener l=tcp:a
     listener ack
     publish cluster: a=1 b=1; listener: l=tcp:b
     < cluster ${a}b=1
     wait 5000
     ! listener held l
     cluster ack
     < listener l=tcp:b`,
  ],
  [
    'a cluster that changes may be named all the same, for the old one serves',
    `${inForce}
     publish cluster: a=2; route: l=x:a,y:503
     < cluster a=2
     < route l=x:a,y:503`,
  ],
  [
    'a refused cluster is not acknowledged, and its correction is',
    `${inForce}
     publish cluster: a=1 b=1; route: l=x:b,y:a
     < cluster ${a}b=1
     cluster nack Error adding/updating cluster(s) b: bad
     ! cluster refused Error adding/updating cluster(s) b: bad
     ! cluster at fault b
     publish cluster: a=1 b=2
     < cluster ${a}b=2
     cluster ack
     < route l=x:b,y:a`,
  ],
  [
    'of a refused response the clusters that the refusal does not name are taken',
    `${inForce}
     publish cluster: a=1 b=1 c=1; route: l=x:b,y:c
     < cluster ${a}b=1 c=1
     cluster nack Error adding/updating cluster(s) b: bad
     ! cluster refused Error adding/updating cluster(s) b: bad
     ! cluster at fault b
     < route l=x:a,y:c`,
  ],
  [
    'a route configuration that was never sent waits for its clusters, but not for ever',
    `publish cluster: a=1; route: r=x:a,y:503
     cluster ask
     < cluster a=1
     route ask r
     wait 4999
     wait 1
     ! route held r/x
     < route r=x:503,y:503
     route ack
     cluster ack
     < route r=x:a,y:503`,
  ],
  [
    'who asks for no clusters, or for those that routes name, is not kept waiting',
    `publish cluster: a=1; route: r=x:a
     route ask r
     < route r=x:a
     route ack
     cluster ask b
     < cluster${protocol === 'sotw' ? '' : ' -b'}
     publish route: r=x:c
     < route r=x:c`,
  ],
];

const moved = (protocol: Protocol): readonly Case[] => [
  [
    'R-27: a listener at another address serves before the old one goes',
    `publish listener: l=1#81; route: l=1
     listener ask
     < listener l=1#81
     listener ack
     route ask l
     < route l=1
     route ack
     publish listener: m=1#82; route: l=1 m=1
     < listener m=1#82${protocol === 'sotw' ? ' l=1#81' : ''}
     listener ack
     route ask m
     < route m=1
     < listener ${protocol === 'sotw' ? 'm=1#82' : '-l'}`,
  ],
  [
    'R-27: a listener that takes over the address of another one comes as that one goes',
    `publish listener: l=1#81
     listener ask
     < listener l=1#81
     listener ack
     publish listener: m=1#81
     < listener m=1#81${protocol === 'sotw' ? '' : ' -l'}`,
  ],
];

for (const protocol of ['sotw', 'delta'] as const) converse(protocol, [...cases(protocol), ...moved(protocol)]);

converse('sotw', [
  [
    'R-25: the old cluster goes when no route names it any more, and stays as long as one is held',
    `${inForce}
     publish cluster: b=1; endpoint: b=1; route: l=x:b,y:b
     < cluster b=1 a=1
     wait 60000
     ! route held l/x l/y
     cluster ack
     < route l=x:b,y:b
     route ack
     < cluster b=1`,
  ],
  [
    'a first answer does not leave out a listener that waits, as that would remove it; but not for ever',
    `publish cluster: a=1; listener: l=tcp:a m=1
     cluster ask
     < cluster a=1
     listener ask
     wait 5000
     ! listener held l
     < listener m=1
     listener ack
     cluster ack
     < listener l=tcp:a m=1`,
  ],
  [
    'R-10: of endpoints that are not there the client is told an empty list, as long as it may have their cluster',
    `publish cluster: a=1 b=1; endpoint: a=1
     cluster ask
     < cluster a=1 b=1
     endpoint ask a b c
     < endpoint a=1 b=none c=none
     endpoint ack
     cluster ack
     endpoint ask a b c d
     publish endpoint: a=1 b=1
     < endpoint b=1`,
  ],
]);

converse('delta', [
  [
    'R-25: the old cluster goes when no route names it any more, and stays as long as one is held',
    `${inForce}
     endpoint ask a b
     < endpoint a=1 b=1
     endpoint ack
     publish cluster: b=1; endpoint: b=1; route: l=x:b,y:b
     < cluster b=1
     < endpoint b=1
     endpoint ack
     wait 60000
     ! route held l/x l/y
     cluster ack
     < route l=x:b,y:b
     route ack
     < cluster -a
     cluster ack
     < endpoint -a`,
  ],
  [
    'R-20: the clusters that a client holds when it comes back count as acknowledged',
    `publish cluster: a=2 b=1; listener: l=tcp:a; route: r=x:a,y:b
     cluster has a=1;
     < cluster a=2 b=1
     listener has l=1;
     < listener l=tcp:a
     route has r=1; r
     wait 5000
     ! route held r/y
     < route r=x:a,y:503
     route ack
     cluster ack
     < route r=x:a,y:b`,
  ],
  [
    'a listener that a client holds from before is neither sent nor removed while its cluster is missing',
    `publish cluster: a=1; listener: l=tcp:a
     cluster ask
     < cluster a=1
     listener has l=1;
     < listener
     listener ack
     wait 60000
     ! listener held l
     cluster ack
     < listener l=tcp:a`,
  ],
]);
