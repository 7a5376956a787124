// The metrics of certificates: when they expire, and what came of requests for them.
import { Counter, Gauge, type Registry } from 'prom-client';
import type { Expiring } from '../../../identity/expiry.ts';

export interface CertificateMetrics {
  /** Reads their ends at every scrape from now on. */
  follow(certificates: () => readonly Expiring[]): void;
  /** What came of a request for a certificate. */
  onRequest(outcome: string): void;
}

export function certificateMetrics(registers: Registry[]): CertificateMetrics {
  let certificates = (): readonly Expiring[] => [];
  new Gauge({
    name: 'sluice_certificate_expiry_timestamp_seconds',
    help: 'When the certificates of the control plane expire, in seconds since 1970.',
    labelNames: ['certificate'],
    registers,
    collect() {
      for (const { name, to } of certificates()) this.set({ certificate: name }, Math.floor(to / 1000));
    },
  });
  const requests = new Counter({
    name: 'sluice_certificate_requests_total',
    help: 'Requests of workloads for certificates, by what came of them.',
    labelNames: ['outcome'],
    registers,
  });
  return {
    follow: (given) => {
      certificates = given;
    },
    onRequest: (outcome) => requests.inc({ outcome }),
  };
}
