// Values inside of annotations, which are text: numbers, truths, lists, and YAML.
import { isObject, type JsonObject } from '../../lib/json.ts';
import { composeDocument } from '../../lib/yaml/document.ts';
import type { YamlLimits } from '../../lib/yaml/limits.ts';
import { yamlValue } from '../../lib/yaml/value.ts';
import { type Decoder, oneOf, portRange, type Range, report, string } from './decode.ts';
import { subnet } from './ip.ts';

/** `true` and its other spellings, as Istio reads them; anything else is an error, where Istio takes it for false. */
export const truth = oneOf({ true: true, yes: true, y: true, on: true, false: false, no: false, n: false, off: false });

/** A whole number, such as `30`. */
export function wholeNumber({ min, max }: Range): Decoder<number> {
  return (value, spot) => {
    const text = string(value, spot);
    if (text === undefined) return undefined;
    const found = isNumeral(text) ? Number(text) : Number.NaN;
    if (found >= min && found <= max) return found;
    return report(spot, 'SLC0105', `${JSON.stringify(text.slice(0, 60))} is not a whole number from ${min} to ${max}`);
  };
}

const isNumeral = (text: string): boolean =>
  text.length > 0 && text.length <= 10 && [...text].every((each) => each >= '0' && each <= '9');

const mostItems = 1000;

/** `a,b`: what each item stands for; undefined if one of them is of no use, since fewer would mean something else. */
function items<T>(item: Decoder<T>): Decoder<readonly T[]> {
  return (value, spot) => {
    const text = string(value, spot);
    if (text === undefined) return undefined;
    const words = text.split(',').map((word) => word.trim());
    if (words.length > mostItems) return report(spot, 'SLC0105', `has more than ${mostItems} items`);
    const found = words.filter((word) => word !== '').map((word) => item(word, spot));
    return found.every((each) => each !== undefined) ? found : undefined;
  };
}

export type Chosen<T> = '*' | readonly T[];

/** A list, or `*` for everything. */
function chosen<T>(item: Decoder<T>): Decoder<Chosen<T>> {
  const several = items(item);
  return (value, spot) => (value === '*' ? '*' : several(value, spot));
}

const port = wholeNumber(portRange);
/** A range of addresses in its canonical form, `10.0.0.0/8`. */
const range: Decoder<string> = (value, spot) => {
  const found = subnet(value, spot);
  return found && `${found.address}/${found.length}`;
};
/** The name of a network interface: what Linux allows (dev_valid_name). */
const networkInterface: Decoder<string> = (value, spot) => {
  const text = string(value, spot);
  if (text === undefined || /^(?!\.{1,2}$)[A-Za-z0-9_.@-]{1,15}$/.test(text)) return text;
  return report(spot, 'SLC0105', `${JSON.stringify(text.slice(0, 60))} is not the name of a network interface`);
};

export const portList = items(port);
export const chosenPorts = chosen(port);
export const rangeList = items(range);
export const chosenRanges = chosen(range);
export const interfaceList = items(networkInterface);

/** A quantity of Kubernetes (resource.Quantity) that is positive: `100m`, `1.5`, `128Mi`, `2e3`. */
export const quantity: Decoder<string> = (value, spot) => {
  const text = string(value, spot);
  if (text === undefined) return undefined;
  const valid = text.length <= 30 && /^(?=.*[1-9])\d{1,15}(\.\d{1,9})?([numkMGTPE]|[KMGTPE]i|[eE]\d{1,2})?$/.test(text);
  return valid
    ? text
    : report(spot, 'SLC0105', `${JSON.stringify(text.slice(0, 60))} is not a quantity such as 100m or 128Mi`);
};

const limits: YamlLimits = { documentLength: 65_536, tokensPerDocument: 20_000, depth: 20 };

/** Text that is itself YAML. */
export const yamlText: Decoder<JsonObject> = (value, spot) => {
  const text = string(value, spot);
  if (text === undefined) return undefined;
  const composed = composeDocument(text, limits);
  if (composed.kind === 'empty') return {};
  const read = composed.kind === 'problem' ? composed : yamlValue(composed.document.contents, limits);
  if (read.kind === 'problem') return report(spot, 'SLC0105', `is not valid YAML: ${read.problem.message}`);
  return isObject(read.value) ? read.value : report(spot, 'SLC0102', 'expected YAML with fields');
};
