// ConfigMap (core/v1): only the one that holds MeshConfig; all others are none of our business.
import { composeDocument } from '../lib/yaml/document.ts';
import type { YamlLimits } from '../lib/yaml/limits.ts';
import { yamlValue } from '../lib/yaml/value.ts';
import type { MeshDefaults } from '../model/mesh-defaults.ts';
import { meshConfigMap, rootNamespace } from '../model/names.ts';
import { objectId } from '../model/object.ts';
import { meshConfig, unreadableMeshConfig } from './mesh-config/mesh-config.ts';
import { type Decoder, ignored, object, report, type Spot, string } from './values/decode.ts';
import { type Kind, kind } from './values/kind.ts';

/** The object that holds MeshConfig. */
export const meshConfigId = objectId({ group: '', kind: 'ConfigMap', namespace: rootNamespace, name: meshConfigMap });

/** An API server takes no ConfigMap larger than this. */
const limits: YamlLimits = { documentLength: 1024 * 1024, tokensPerDocument: 200_000, depth: 100 };

const placeIn = (text: string, offset: number): string => `line ${text.slice(0, offset).split('\n').length}`;

/** A text that holds YAML; `otherwise`: what it means where it cannot be read. */
function yaml<T>(decode: Decoder<T>, otherwise: (text: string, spot: Spot) => T | undefined): Decoder<T> {
  return (value, spot) => {
    const text = string(value, spot);
    if (text === undefined) return undefined;
    const composed = composeDocument(text, limits);
    if (composed.kind === 'empty') return decode({}, spot);
    const read = composed.kind === 'document' ? yamlValue(composed.document.contents, limits) : composed;
    if (read.kind === 'value') return decode(read.value ?? {}, spot);
    const { code, offset, message } = read.problem;
    report(spot, code, `${placeIn(text, offset)} of the text: ${message}`);
    return otherwise(text, spot);
  };
}

const networks: Decoder<never> = (value, spot: Spot) =>
  typeof value === 'string' && ['', 'networks: {}'].includes(value.trim())
    ? undefined
    : report(spot, 'SLC0111', 'networks of other clusters are not read');

const data = object(
  { mesh: yaml(meshConfig, unreadableMeshConfig), meshNetworks: networks },
  { required: ['mesh'], ignored: { 'original-values': ignored, 'merged-values': ignored, values: ignored } },
);

const declared: Kind<MeshDefaults> = kind(
  {
    group: '',
    kind: 'ConfigMap',
    versions: ['v1'],
    required: ['data'],
    body: { data, binaryData: ignored, immutable: ignored },
  },
  (_, { data: decoded }) => decoded?.mesh,
);

const nothing = { value: undefined, diagnostics: [] };

export const configMapKind: Kind<MeshDefaults> = {
  ...declared,
  decode: (source) => (source.id === meshConfigId ? declared.decode(source) : nothing),
};
