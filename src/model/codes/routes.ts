// Codes of `sluice analyze`: routes and matches that do less, or something else, than they seem to.

export const routeCodes = {
  SLC0630: {
    severity: 'warning',
    title: 'Tries that do not fit into the timeout',
    explanation:
      'timeout is for the whole request, with all its tries. Once it is over the caller has its 504, whatever attempts and ' +
      'perTryTimeout promise. With a perTryTimeout as long as the timeout a slow try is never followed by another.',
    fix: 'Make timeout at least perTryTimeout times (attempts + 1), or lower one of the two.',
  },
  SLC0631: {
    severity: 'warning',
    title: 'A match that one above takes',
    explanation:
      'Routes are tried in their order. Every request that this match is for meets a match above it, such as one with a ' +
      'shorter prefix, so it never gets here.',
    fix: 'Move the narrower route up, or remove it.',
  },
  SLC0632: {
    severity: 'warning',
    title: 'A regex that has to match the whole text',
    explanation:
      'Envoy compares a regex with the whole text, from its first character to its last. One that seems to be for a beginning ' +
      'or a part (^/api, or plain letters) only matches what it spells out.',
    fix: 'Use prefix or exact; or write .* where anything may follow or precede.',
  },
  SLC0633: {
    severity: 'warning',
    title: 'A match that no path meets',
    explanation:
      'The path of a request begins with a slash, and is compared without what follows a question mark. A match that begins ' +
      'otherwise, or asks for a query, is never met.',
    fix: 'Begin with a slash; match the query with queryParams.',
  },
  SLC0634: {
    severity: 'warning',
    title: 'A header that requests do not have',
    explanation:
      'Path, method, scheme and authority are no headers by these names. A match of headers by such a name looks for a header ' +
      'that is literally named so. (Istio leaves such names out.)',
    fix: 'Write uri, method, scheme or authority in the match itself.',
  },
  SLC0635: {
    severity: 'warning',
    title: 'A method in small letters',
    explanation: 'Methods are compared letter by letter, and clients send them in capitals.',
    fix: 'Write GET, POST and so on.',
  },
  SLC0636: {
    severity: 'info',
    title: 'A fault that timeout and retries do not see',
    explanation:
      "Faults happen in the caller's proxy before a request is sent on. A delay does not count against the timeout of the " +
      'route, and what is aborted is not tried again, so neither can be tried out so.',
    fix: 'To try out timeout and retries, put the fault where the request arrives, or let the service answer slowly.',
  },
  SLC0637: {
    severity: 'warning',
    title: 'A mirror to where requests go anyway',
    explanation: 'The mirror is one of the destinations of its own route: those endpoints get each request twice.',
    fix: 'Mirror to another service or subset.',
  },
  SLC0638: {
    severity: 'warning',
    title: 'A match for a port that the host does not have',
    explanation: 'The match asks for a port on which none of the hosts of the rule can be called, so it is never met.',
    fix: 'Correct the port: it is that of the Service, not the targetPort.',
  },
  SLC0639: {
    severity: 'warning',
    title: 'A match for clients that do not exist',
    explanation:
      'sourceLabels ask for labels that no Pod has, or sourceNamespace names a namespace in which there is nothing, so ' +
      'nobody meets the match.',
    fix: 'Correct the labels or the namespace; in files, add the Pods to the input.',
  },
  SLC0640: {
    severity: 'warning',
    title: 'A redirect to itself',
    explanation: 'The client is sent to an address that the same route redirects again, until it gives up.',
    fix: 'Redirect to what the match does not cover, or match exactly what shall be redirected.',
  },
  SLC0641: {
    severity: 'warning',
    title: 'A rewrite that doubles or eats a slash',
    explanation:
      'What has matched is replaced, letter by letter. Where /api becomes / the path /api/x becomes //x; where /api/ becomes ' +
      '/v2 it becomes /v2x.',
    fix: 'End both with a slash, or neither; for the bare prefix add a match of its own.',
  },
  SLC0642: {
    severity: 'warning',
    title: 'Credentials for every origin',
    explanation:
      'allowCredentials with an origin that everybody meets: any web page may send requests with the cookies of its visitor ' +
      'and read the answers, for Envoy answers with the origin that asks.',
    fix: 'List the origins, or leave allowCredentials out.',
  },
  SLC0643: {
    severity: 'warning',
    title: 'Connections that a route above takes',
    explanation:
      'Routes of tls and tcp are tried in their order. Every connection that this match is for meets one above it: the same ' +
      'server name, or a match without conditions.',
    fix: 'Move the narrower route up, or remove it.',
  },
} as const;
