// whether proxies are served yet. Not before everything is read; and an empty folder is doubted for a while, for
// it may be the wrong one, and proxies that come back would lose all that they have.
import type { ControlPlane } from '../../control-plane.ts';
import { defaultWipeGuard } from '../../sources/wipe-guard.ts';
import type { Log } from './log.ts';

export interface Readiness {
  readonly ready: () => boolean;
  /** Everything is read and translated. */
  start(): void;
  /** No proxy is served any more. */
  stop(): void;
}

export interface ReadinessOptions {
  readonly controlPlane: ControlPlane;
  /** Serve nothing at once, where there is nothing. */
  readonly allowWipe: boolean;
  readonly log: Log;
  /** Called with each change. */
  readonly onChange: (ready: boolean) => void;
}

export function createReadiness({ controlPlane, allowWipe, log, onChange }: ReadinessOptions): Readiness {
  let [started, believed, stopped] = [false, allowWipe, false];
  let doubt: NodeJS.Timeout | undefined;
  const ready = (): boolean => started && believed && !stopped;
  const believe = (): void => {
    clearTimeout(doubt);
    believed = true;
    if (ready()) onChange(true);
  };
  const stopListening = controlPlane.onPublish(({ services }) => {
    if (!believed && services > 0) believe();
  });
  return {
    ready,
    start: () => {
      started = true;
      if (believed) onChange(true);
      else {
        const { confirmAfter } = defaultWipeGuard;
        doubt = setTimeout(believe, confirmAfter).unref();
        log.warn(
          { seconds: confirmAfter / 1000 },
          'there is no Service. Proxies that come back would lose all that they have, so none is served for now; is this ' +
            'the right folder? With the first Service, or with --allow-wipe, they are served at once',
        );
      }
    },
    stop: () => {
      stopped = true;
      clearTimeout(doubt);
      stopListening();
      onChange(false);
    },
  };
}
