// The stream reducer, as conversations of the incremental variant.
import { type Case, converse } from './transcript.ts';

const delta: readonly Case[] = [
  [
    'R-28: only what changed is sent, and what vanished is named',
    `publish cluster: a=1 b=1 c=1
     cluster ask
     < cluster a=1 b=1 c=1
     cluster ack
     publish cluster: a=1 b=2
     < cluster b=2 -c`,
  ],
  [
    'R-20: a client that comes back is sent what differs from what it holds',
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
    'R-16: wildcard: the forms of the protocol documentation, one after the other',
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
    'R-17: asking again for what is held brings it again',
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
    'R-17: the same name asked for and given up in one message is asked for; to give up what was not asked for is nothing',
    `publish endpoint: a=1 b=1
     endpoint ask b
     < endpoint b=1
     endpoint ack
     endpoint drop a x
     endpoint both a
     < endpoint a=1
     endpoint ack
     publish endpoint: a=2 b=1
     < endpoint a=2`,
  ],
  [
    'R-23: what was given up while it waited is not sent',
    `publish endpoint: a=1 b=1
     endpoint ask a b
     < endpoint a=1 b=1
     publish endpoint: a=2 b=2
     endpoint drop a
     endpoint ack
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
     < cluster -a
     cluster ack
     publish cluster: a=1
     < cluster a=1
     < endpoint a=1`,
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
    'R-21: all given up, then asked for again',
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
    'R-06: names in a message with a stale nonce count, its answer does not',
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
     ! route at fault r/host-1
     < route r=1
     route nack bad
     ! route refused bad
     ! route at fault r
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
    'R-08: endpoints of a cluster that changed while the client was away follow it, whatever the client holds',
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
     cluster nack bad
     ! cluster refused bad
     < cluster
     publish cluster: a=3 b=1 c=1
     cluster ack
     < cluster a=3
     cluster ack
     < cluster b=1
     cluster ack
     < cluster c=1`,
  ],
  [
    'R-18: of a type that nobody knows there is nothing',
    `thing ask x *
     ! unknown type
     < thing -x
     thing ack
     ! unknown type`,
  ],
  [
    'what was on its way when everything was given up and asked for again does not stay behind',
    `publish cluster: b=1
     cluster ask
     < cluster b=1
     publish cluster:
     cluster drop *
     cluster ask *
     cluster ack
     < cluster -b`,
  ],
  [
    'nor does what was overtaken on its way',
    `publish cluster: c=1; listener: l=1
     listener ask
     < listener l=1
     cluster ask
     < cluster c=1
     wait 2000
     publish cluster: b=1
     < cluster b=1
     cluster drop *
     cluster ask *
     cluster ack
     < cluster b=1
     cluster ack
     listener ack
     < cluster -c`,
  ],
];

converse('delta', delta);
