// Codes of `sluice analyze`: settings of balancing that do less, or something else, than they seem to.

export const balancingCodes = {
  SLC0601: {
    severity: 'warning',
    title: 'A hash without a key',
    explanation:
      'RING_HASH and MAGLEV choose an endpoint by a value of the request: a header, a cookie, a query parameter or the ' +
      "client's address. Without one, or with useSourceIp: false, there is nothing to hash, and every request goes to a " +
      'random endpoint. No client stays where it was.',
    fix: 'Name one of httpHeaderName, httpCookie, httpQueryParameterName or useSourceIp: true.',
  },
  SLC0602: {
    severity: 'warning',
    title: 'The ring or table is too small for its endpoints',
    explanation:
      'Each endpoint has places on the ring (or in the table), and its share of the keys is its share of the places. With few ' +
      'places each the shares differ by chance: on a ring by about 100 % divided by the square root of the places of one ' +
      'endpoint, in a table by about one place. An endpoint without a place gets no request at all.',
    fix: 'Raise ringHash.minimumRingSize, or maglev.tableSize (a prime number), to a hundred places for each endpoint.',
  },
  SLC0603: {
    severity: 'warning',
    title: 'Outlier detection that can never eject',
    explanation:
      'Envoy ejects an endpoint only if the share of ejected endpoints then stays within maxEjectionPercent, which is 10 ' +
      'where nothing is said. With three endpoints a single one is 33 % already, so none is ever ejected, however it answers. ' +
      'Nor is one if every kind of check is switched off with 0.',
    fix: 'Set maxEjectionPercent to at least 100 divided by the number of endpoints; leave one check on.',
  },
  SLC0604: {
    severity: 'warning',
    title: 'Every endpoint may be ejected',
    explanation:
      'With maxEjectionPercent: 100 all endpoints may be ejected at once, by a fault that they share such as a database that ' +
      'is down. With minHealthPercent: 0, the default, Envoy does not fall back on them: all requests are answered with 503 ' +
      'until baseEjectionTime is over, even if the endpoints work again.',
    fix: 'Lower maxEjectionPercent, or set minHealthPercent, so that all are called again when too few are left.',
  },
  SLC0605: {
    severity: 'warning',
    title: 'An ejection that is undone at once',
    explanation:
      'With fewer good endpoints than minHealthPercent Envoy calls all of them, those that are ejected too. Here a single ' +
      'ejection leads to that, so outlier detection changes nothing.',
    fix: 'Lower minHealthPercent, or run more endpoints.',
  },
  SLC0606: {
    severity: 'warning',
    title: 'A warmup that does nothing',
    explanation:
      'A warmup gives a new endpoint a smaller share than the others for a while. Where there is one endpoint it gets ' +
      'everything, and with minimumPercent: 100 it starts with its full share.',
    fix: 'Remove warmup, lower minimumPercent, or run more endpoints.',
  },
  SLC0607: {
    severity: 'warning',
    title: 'A subset without endpoints',
    explanation:
      'No endpoint of the service has all the labels that the subset asks for, so requests that a route sends there are ' +
      'answered with 503. The labels are those of the Pods behind the endpoints.',
    fix: "Correct the subset's labels, or those of the Pods; in files, add the Pods to the input.",
  },
  SLC0608: {
    severity: 'warning',
    title: 'Settings of a port replace the rest',
    explanation:
      'A port that portLevelSettings names takes nothing from the settings around it: each block that it does not write has ' +
      "Envoy's defaults there, not the values above. Connection limits, outlier detection and even TLS get lost so.",
    fix: 'Repeat the blocks that the port shall have in its entry of portLevelSettings.',
  },
  SLC0609: {
    severity: 'warning',
    title: 'Sticky shares without a key',
    explanation:
      'The annotation sluice.dev/sticky-canary lets the hash key of a request decide its share too. It needs a route with ' +
      'several destinations, and a DestinationRule of one of them that names a key; else shares are drawn anew each time.',
    fix: 'Add loadBalancer.consistentHash with a key to the DestinationRule, or remove the annotation.',
  },
  SLC0610: {
    severity: 'warning',
    title: 'A split that undoes the hash',
    explanation:
      'The destinations of this route keep a client at one endpoint by its hash key, but the route draws the destination for ' +
      'each request by weight alone. A client goes back and forth between the destinations, to another endpoint in each.',
    fix: 'Annotate the VirtualService with sluice.dev/sticky-canary: "true", so that the key decides the share too.',
  },
  SLC0611: {
    severity: 'warning',
    title: 'Balancing of a headless service',
    explanation:
      'A service without a virtual IP (clusterIP: None) gives its callers the addresses of its Pods, and a captured ' +
      'connection goes to the one that the caller has chosen. So loadBalancer has no effect, nor do the labels of subsets.',
    fix: 'Give the service a clusterIP, or call another Service for the same Pods that has one.',
  },
  SLC0612: {
    severity: 'info',
    title: 'Proxies may disagree on a hash',
    explanation:
      'Each proxy ejects endpoints by what it has seen itself. While one proxy has ejected an endpoint, it sends that ' +
      "endpoint's keys elsewhere, and all others do not: a key is at two endpoints then.",
    fix: 'Nothing to do where a key may move for a while; else leave outlier detection out for this service.',
  },
  SLC0613: {
    severity: 'info',
    title: 'A cookie that nobody may set',
    explanation:
      'A httpCookie without a ttl is only read. Requests without the cookie go to a random endpoint, so the application has ' +
      'to set it. With a ttl, 0s for the session, Envoy makes the cookie itself.',
    fix: 'Add ttl, unless the application sets the cookie.',
  },
  SLC0614: {
    severity: 'warning',
    title: 'A rule replaces the rest of a wider one',
    explanation:
      'For each service one DestinationRule counts: that of the most specific host. Rules are not merged over hosts, so ' +
      'blocks that only the wider rule sets (TLS, outlier detection, limits) do not hold for this service.',
    fix: 'Repeat the blocks of the wider rule that the service shall keep.',
  },
  SLC0615: {
    severity: 'info',
    title: 'A block of a subset replaces the whole block',
    explanation:
      'connectionPool or outlierDetection of a subset takes the place of the one above as a whole: what it does not write ' +
      "has Envoy's default, not the value above.",
    fix: 'Repeat the fields that the subset shall have, if the defaults are not what is meant.',
  },
  SLC0616: {
    severity: 'warning',
    title: 'A hash with one endpoint to choose from',
    explanation:
      'With resolution DNS_ROUND_ROBIN all addresses behind the name are one endpoint, and each new connection goes to the ' +
      'address that DNS gives then; with DYNAMIC_DNS a request goes to the name that it asks for. A key has nothing to ' +
      'choose there, and no client stays at an address.',
    fix: 'Use resolution DNS, which makes each address an endpoint, or STATIC with the addresses; or remove consistentHash.',
  },
  SLC0617: {
    severity: 'info',
    title: 'A hash over the addresses that DNS gives',
    explanation:
      'With resolution DNS each address behind a name is an endpoint, and its place on the ring (or in the table) is that of ' +
      'the address. When DNS answers with other addresses, or with a part of them, keys move to other endpoints; and proxies ' +
      'that have asked at different times disagree.',
    fix: 'Nothing to do where the addresses are stable; else use resolution STATIC and list them.',
  },
} as const;
