// All checks, by the code that each gives. A code without a check does not compile.
import type { AnalysisCode } from '../../model/diagnostic-codes.ts';
import { clientsOfNobody, unknownPorts } from './checks/clients.ts';
import { shadowedConnections, takenAddresses } from './checks/connections.ts';
import { everyoneEjected, neverEjected, undoneEjections } from './checks/ejection.ts';
import { exportsToNobody } from './checks/exports.ts';
import { portsOfNoService, sharedCertificates } from './checks/gateways.ts';
import { headlessBalancing } from './checks/headless.ts';
import { headersThatAreNone, pathsNobodyAsksFor, regexesOfAPart, smallMethods } from './checks/matches.ts';
import { hashesOfNames, hashesOfOne } from './checks/names.ts';
import { protocolsAtOdds, slicesAtOdds, unnamedProtocols } from './checks/ports.ts';
import { replacedByPorts, replacedByRules, replacedBySubsets } from './checks/replaced.ts';
import { smallRings } from './checks/ring.ts';
import { credentialsForAll, mirrorsToItself, unseenFaults } from './checks/route-extras.ts';
import { selectorsOfNobody, sidecarsAtOdds, undeclaredTargets, unnamedTargets } from './checks/selectors.ts';
import { shadowedMatches } from './checks/shadowed.ts';
import { redirectsToItself, slashes } from './checks/slashes.ts';
import { keylessHashes, keylessShares, proxiesAtOdds, splitHashes, unsetCookies } from './checks/stickiness.ts';
import { emptySubsets } from './checks/subsets.ts';
import { unknownSuppressions } from './checks/suppressions.ts';
import { plainHttps, tlsInTls, unverified, withoutCertificates } from './checks/tls.ts';
import { tooManyTries } from './checks/tries.ts';
import { uselessWarmups } from './checks/warmup.ts';
import type { Finder } from './facts.ts';

export const checks: { readonly [C in AnalysisCode]: Finder } = {
  SLC0601: keylessHashes,
  SLC0602: smallRings,
  SLC0603: neverEjected,
  SLC0604: everyoneEjected,
  SLC0605: undoneEjections,
  SLC0606: uselessWarmups,
  SLC0607: emptySubsets,
  SLC0608: replacedByPorts,
  SLC0609: keylessShares,
  SLC0610: splitHashes,
  SLC0611: headlessBalancing,
  SLC0612: proxiesAtOdds,
  SLC0613: unsetCookies,
  SLC0614: replacedByRules,
  SLC0615: replacedBySubsets,
  SLC0616: hashesOfOne,
  SLC0617: hashesOfNames,
  SLC0630: tooManyTries,
  SLC0631: shadowedMatches,
  SLC0632: regexesOfAPart,
  SLC0633: pathsNobodyAsksFor,
  SLC0634: headersThatAreNone,
  SLC0635: smallMethods,
  SLC0636: unseenFaults,
  SLC0637: mirrorsToItself,
  SLC0638: unknownPorts,
  SLC0639: clientsOfNobody,
  SLC0640: redirectsToItself,
  SLC0641: slashes,
  SLC0642: credentialsForAll,
  SLC0643: shadowedConnections,
  SLC0660: exportsToNobody,
  SLC0661: unnamedProtocols,
  SLC0662: selectorsOfNobody,
  SLC0663: unnamedTargets,
  SLC0664: undeclaredTargets,
  SLC0665: slicesAtOdds,
  SLC0666: protocolsAtOdds,
  SLC0667: unknownSuppressions,
  SLC0668: sidecarsAtOdds,
  SLC0669: takenAddresses,
  SLC0680: tlsInTls,
  SLC0681: plainHttps,
  SLC0682: unverified,
  SLC0683: withoutCertificates,
  SLC0684: sharedCertificates,
  SLC0685: portsOfNoService,
};
