// The stream reducer, as conversations of the state-of-the-world variant.
import { type Case, converse } from './transcript.ts';

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
