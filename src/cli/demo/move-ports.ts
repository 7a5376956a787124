// Endpoint ports that another program on this machine has are moved, in the demo's copy of the YAML.
import { isObject, type JsonValue } from '../../lib/json.ts';
import { objectName, type SourceObject } from '../../model/object.ts';
import { readOnce } from '../../sources/files.ts';
import { freePortOn, isTaken } from './free-ports.ts';
import { defines, type WorkingCopy } from './working-copy.ts';

/** Gives each taken endpoint port of the copy another number; says what was moved, a line each. */
export async function moveTakenPorts(copy: WorkingCopy): Promise<readonly string[]> {
  const { objects } = await readOnce([copy.folder]);
  const said: string[] = [];
  for (const slice of objects.values()) {
    if (objectName(slice.id).kind === 'EndpointSlice') said.push(...(await moveInSlice(copy, slice)));
  }
  return said;
}

async function moveInSlice(copy: WorkingCopy, { id, json }: SourceObject): Promise<readonly string[]> {
  const addresses = list(json['endpoints']).flatMap((endpoint) => strings(isObject(endpoint) && endpoint['addresses']));
  const said: string[] = [];
  for (const [index, entry] of list(json['ports']).entries()) {
    const port = isObject(entry) ? entry['port'] : undefined;
    if (typeof port !== 'number') continue;
    const taken = await Promise.all(addresses.map((address) => isTaken(address, port)));
    if (!taken.some(Boolean)) continue;
    const free = await freePortOn(addresses);
    await copy.edit(
      (document) => defines(document, objectName(id)),
      (document) => document.setIn(['ports', index, 'port'], free),
    );
    said.push(`Another program has port ${port}, so the copy's endpoints listen on ${free}.`);
  }
  return said;
}

function list(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? value : [];
}

function strings(value: JsonValue | undefined): readonly string[] {
  return list(value).filter((each) => typeof each === 'string');
}
