// What a SotW client is told that comes back with what it was sent on an earlier stream.
import { converse } from './transcript.ts';

converse('sotw', [
  [
    'a client that comes back keeps its listeners and routes until it has told its clusters',
    `publish cluster: a=1; listener: l=tcp:a; route: r=x:a
     cluster back
     listener back
     route back r
     wait 500
     < cluster a=1
     wait 60000
     ! listener held l
     ! route held r
     cluster ack
     < listener l=tcp:a
     < route r=x:a`,
  ],
  [
    'R-10: who comes back keeps the endpoints of a cluster that has gone meanwhile, until the cluster goes',
    `publish cluster: a=1; endpoint: a=1
     cluster back
     endpoint back a gone
     < endpoint a=1
     wait 500
     < cluster a=1
     endpoint ack
     < endpoint a=1
     cluster ack`,
  ],
  [
    'R-25: who comes back is told the clusters when it has told the endpoints that it asks for',
    `publish cluster: a=1; endpoint: a=1; route: r=x:a
     cluster back
     endpoint back a
     < cluster a=1
     < endpoint a=1
     route back r
     endpoint ack
     cluster ack
     < route r=x:a`,
  ],
  [
    'R-25: who comes back with a cluster that has gone is told its routes first',
    `publish cluster: a=1; endpoint: a=1; listener: l=tcp:a; route: r=x:a
     cluster back
     endpoint back a gone
     < endpoint a=1
     listener back
     < listener l=tcp:a
     route back r
     < route r=x:a
     endpoint ack
     listener ack
     wait 1000
     route ack
     < cluster a=1
     < endpoint a=1
     cluster ack`,
  ],
  [
    'R-25: of those routes it is told what needs no cluster that it may lack, and not for ever',
    `publish cluster: a=1 b=1; endpoint: a=1 b=1; listener: l=tcp:b; route: r=x:a,y:b
     cluster back
     endpoint back a gone
     < endpoint a=1
     listener back
     route back r
     < route r=x:a,y:503
     wait 5000
     ! listener held l
     ! route held r/y
     < cluster a=1 b=1
     ! route held r
     < endpoint a=1
     route ack
     cluster ack
     < listener l=tcp:b
     < route r=x:a,y:b`,
  ],
]);
