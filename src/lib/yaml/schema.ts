// What plain scalars mean: YAML 1.1 as kubectl has it, and only what JSON can hold.
//
// Differences to the library's own 1.1 schema, all as in kubectl: a timestamp or a sexagesimal number stays text, `.` and
// `e5` are text and not NaN, `0o17` is octal; infinity and NaN are refused; !!binary, !!set, !!omap and !!pairs do not exist.
import { type ScalarTag, Schema } from 'yaml';

const nullTag: ScalarTag = {
  tag: 'tag:yaml.org,2002:null',
  default: true,
  test: /^(?:~|null|Null|NULL)?$/,
  resolve: () => null,
};

const trueTag: ScalarTag = {
  tag: 'tag:yaml.org,2002:bool',
  default: true,
  test: /^(?:y|Y|yes|Yes|YES|true|True|TRUE|on|On|ON)$/,
  resolve: () => true,
};

const falseTag: ScalarTag = {
  tag: 'tag:yaml.org,2002:bool',
  default: true,
  test: /^(?:n|N|no|No|NO|false|False|FALSE|off|Off|OFF)$/,
  resolve: () => false,
};

const intTag: ScalarTag = {
  tag: 'tag:yaml.org,2002:int',
  default: true,
  test: /^[-+]?(?:0[bB][01_]+|0[oO][0-7_]+|0[xX][0-9a-fA-F_]+|[0-9][0-9_]*)$/,
  resolve: (text) => {
    const negative = text.startsWith('-');
    const digits = text.replace(/^[-+]/, '').replaceAll('_', '');
    const value = /^0[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number(digits);
    if (Number.isNaN(value)) return text;
    return negative && value !== 0 ? -value : value;
  },
};

const floatTag: ScalarTag = {
  tag: 'tag:yaml.org,2002:float',
  default: true,
  test: /^[-+]?(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)?$/,
  resolve: (text, onError) => {
    const value = Number(text.replaceAll('_', ''));
    if (!Number.isFinite(value)) onError('the number is too large');
    return value;
  },
};

const endlessTag: ScalarTag = {
  tag: 'tag:yaml.org,2002:float',
  default: true,
  test: /^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/,
  resolve: (text, onError) => {
    onError(`${text} is not a number that JSON has; quote it if it is text`);
    return null;
  },
};

/** One schema for all documents; building it per document would cost more than a small document's parsing. */
export const kubectlSchema = new Schema({
  schema: 'failsafe',
  customTags: [nullTag, trueTag, falseTag, intTag, floatTag, endlessTag],
  resolveKnownTags: false,
});
