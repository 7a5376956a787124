// The metrics of what is published: how much there is, how long it took, and what is wrong with it.
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Publication } from '../../../control-plane.ts';
import type { DiagnosticCode } from '../../../model/diagnostic-codes.ts';

/** Why there was a push, in the words of dashboards; a kind that is not named here is `config`. */
const triggers: Readonly<Record<string, string>> = {
  Service: 'service',
  EndpointSlice: 'endpoint',
  Pod: 'endpoint',
  Node: 'endpoint',
  Namespace: 'namespace',
};

/** Gauges of Istio's that count what Sluice has a diagnostic for. */
const countedCodes: readonly (readonly [code: DiagnosticCode, name: string, help: string])[] = [
  [
    'SLC0401',
    'pilot_conflict_outbound_listener_tcp_over_current_tcp',
    'TCP services that share an address and port with another.',
  ],
  ['SLC0205', 'pilot_eds_no_instances', 'Ports of services without endpoints.'],
  ['SLC0203', 'pilot_destrule_subsets', 'Subsets that are defined twice.'],
];

/** Takes one publication in. */
export function publicationMetrics(registers: Registry[]): (publication: Publication) => void {
  const amounts = amountMetrics(registers);
  const turns = turnMetrics(registers);
  const found = diagnosticMetrics(registers);
  return (publication) => {
    amounts(publication);
    turns(publication);
    found(publication);
  };
}

function amountMetrics(registers: Registry[]) {
  const services = new Gauge({ name: 'pilot_services', help: 'Services that are known.', registers });
  const objects = new Gauge({ name: 'sluice_objects', help: 'Objects in force, of all kinds.', registers });
  const held = new Gauge({
    name: 'sluice_held_objects',
    help: 'Objects that vanished all at once and are kept in force for now; more than 0 is an alarm.',
    registers,
  });
  return (publication: Publication): void => {
    held.set(publication.heldObjects);
    services.set(publication.services);
    objects.set(publication.objects);
  };
}

function turnMetrics(registers: Registry[]) {
  const publications = new Counter({ name: 'sluice_publications_total', help: 'Turns of the loop.', registers });
  const seconds = new Histogram({
    name: 'sluice_publication_seconds',
    help: 'How long a turn of the loop took: translating everything and handing it to the streams.',
    buckets: [0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 3, 10],
    registers,
  });
  const groups = new Counter({
    name: 'sluice_group_snapshots_total',
    help: 'Snapshots that groups of proxies were handed.',
    registers,
  });
  const waited = new Histogram({
    name: 'pilot_debounce_time',
    help: 'Seconds from the first change of a batch until its turn began.',
    buckets: [0.01, 0.1, 1, 3, 5, 10, 20, 30],
    registers,
  });
  const labelNames = ['type'] as const;
  const help = 'Turns of the loop, by what had changed.';
  const pushTriggers = new Counter({ name: 'pilot_push_triggers', help, labelNames, registers });
  for (const type of [...Object.values(triggers), 'config', 'proxy']) pushTriggers.inc({ type }, 0);
  return (publication: Publication): void => {
    publications.inc();
    seconds.observe(publication.took / 1000);
    groups.inc(publication.groupsChanged);
    const changed = new Set([...publication.changedKinds].map((kind) => triggers[kind] ?? 'config'));
    if (changed.size > 0) waited.observe(publication.waited / 1000);
    // A turn without a change is one for what a proxy has answered.
    for (const type of changed.size === 0 ? ['proxy'] : changed) pushTriggers.inc({ type });
  };
}

function diagnosticMetrics(registers: Registry[]) {
  const all = new Gauge({
    name: 'sluice_diagnostics',
    help: "What is to be said about the input now; 'sluice validate' shows it.",
    labelNames: ['severity', 'code'],
    registers,
  });
  const single = countedCodes.map(([code, name, help]) => [code, new Gauge({ name, help, registers })] as const);
  return ({ diagnostics }: Publication): void => {
    const byCode = Map.groupBy(diagnostics, ({ code }) => code);
    all.reset();
    for (const [code, [first, ...more]] of byCode) {
      if (first !== undefined) all.set({ severity: first.severity, code }, more.length + 1);
    }
    for (const [code, gauge] of single) gauge.set(byCode.get(code)?.length ?? 0);
  };
}
