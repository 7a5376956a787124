// The prototype's data: all resources of a type, each encoded once, and responses that everyone with the same names shares.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { block, blocks, fieldOf, grpcMessage, integer } from './wire.ts';

const files = {
  cds: 'cluster.v3.Cluster',
  eds: 'endpoint.v3.ClusterLoadAssignment',
  lds: 'listener.v3.Listener',
  rds: 'route.v3.RouteConfiguration',
} as const;

/** Both forms of one resource as it stands in a response: an Any, and a Resource with its version. */
interface Prepared {
  readonly sotw: Buffer;
  readonly delta: Buffer;
}

/** All resources of one type. */
export class PreparedType {
  readonly url: string;
  #version = 1;
  readonly #resources = new Map<string, Prepared>();
  readonly #shared = new Map<string, Buffer>();

  /** Reads a DiscoveryResponse that holds all of them. */
  constructor(folder: string, file: keyof typeof files) {
    this.url = `type.googleapis.com/envoy.config.${files[file]}`;
    const response = readFileSync(join(folder, `${file}.bin`));
    for (const { field, start, end } of blocks(response)) if (field === 2) this.put(response.subarray(start, end));
  }

  /** Takes an encoded Any; gives the resource's name, which all four types have as their field 1. */
  put(any: Buffer): string {
    const name = fieldOf(fieldOf(any, 2), 1).toString();
    const version = block(1, String(this.#version));
    this.#resources.set(name, {
      sotw: block(2, any),
      delta: block(2, Buffer.concat([version, block(2, any), block(3, name)])),
    });
    this.#shared.clear();
    return name;
  }

  /** From now on resources that are put have the next version. */
  nextVersion(): void {
    this.#version += 1;
  }

  /** A response with these resources, or with all. */
  response(names: readonly string[] | null, form: keyof Prepared): Buffer {
    const parts = [block(1, String(this.#version))];
    for (const name of names ?? this.#resources.keys()) {
      const resource = this.#resources.get(name);
      if (resource !== undefined) parts.push(resource[form]);
    }
    return grpcMessage([...parts, block(4, this.url), block(5, `n${this.#version}`)]);
  }

  /** The same, made once for all who ask for it by this key. */
  sharedResponse(key: string, names: readonly string[] | null, form: keyof Prepared): Buffer {
    const found = this.#shared.get(form + key) ?? this.response(names, form);
    this.#shared.set(form + key, found);
    return found;
  }
}

/** The endpoints of a service as go/workload makes them, the first with another address, in an Any. */
export function changedEndpoints(service: number, marker: string): Buffer {
  const name = `svc-${String(service).padStart(5, '0')}`;
  const text = block(2, block(3, `${name};bench;;;Kubernetes`));
  const metadata = block(
    1,
    Buffer.concat([block(1, 'istio'), block(2, block(1, Buffer.concat([block(1, 'workload'), text])))]),
  );
  const host = (j: number): Buffer => {
    const ip = j === 0 ? marker : `10.${100 + Math.floor(service / 200)}.${service % 200}.${j + 1}`;
    const address = block(1, Buffer.concat([block(2, ip), integer(3, 8080)]));
    return block(2, Buffer.concat([block(1, block(1, address)), block(3, metadata), block(4, integer(1, 1))]));
  };
  const hosts = Array.from({ length: 10 }, (_, j) => host(j));
  const locality = Buffer.concat([block(1, ''), ...hosts, block(3, integer(1, 10))]);
  const assignment = [block(1, `outbound|80||${name}.bench.svc.cluster.local`), block(2, locality)];
  const url = `type.googleapis.com/envoy.config.${files.eds}`;
  return Buffer.concat([block(1, url), block(2, Buffer.concat(assignment))]);
}
