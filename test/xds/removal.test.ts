// When what is gone may be taken away from a client that does not answer.
import { converse } from './transcript.ts';

converse('delta', [
  [
    'I8: the deadline of one removal does not take away what a route named a moment ago',
    `publish cluster: a=1 b=1 c=1; endpoint: a=1 b=1 c=1; listener: r=1; route: r=x:a,y:b
     cluster ask
     < cluster a=1 b=1 c=1
     cluster ack
     listener ask
     < listener r=1
     listener ack
     route ask r
     < route r=x:a,y:b
     route ack
     publish cluster: a=1 b=1; route: r=x:a,y:b,z:503
     < route r=x:a,y:b,z:503
     wait 4900
     publish cluster: a=1; route: r=x:a,y:503,z:503
     < route r=x:a,y:503,z:503
     wait 4800
     wait 200
     < cluster -b -c`,
  ],
]);
