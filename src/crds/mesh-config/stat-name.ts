// inboundClusterStatName and outboundClusterStatName of MeshConfig (istio.mesh.v1alpha1).
import { statNameParts } from '../../model/stat-name.ts';
import { type Decoder, nearest, report, string } from '../values/decode.ts';

const longest = 200;

/** A name with parts in percent signs that are filled in for each cluster; empty: not set. */
export const statName: Decoder<string> = (value, spot) => {
  const text = string(value, spot);
  if (text === undefined || text === '') return undefined;
  if (text.length > longest || ![...text].every((each) => each > ' ' && each < '\x7f')) {
    return report(spot, 'SLC0105', `must be at most ${longest} characters long, without blanks`);
  }
  const words = text.split('%');
  if (words.length % 2 === 0) return report(spot, 'SLC0105', 'a percent sign has no second one');
  const known: readonly string[] = statNameParts;
  const wrong = words.find((word, index) => index % 2 === 1 && !known.includes(word));
  if (wrong === undefined) return text;
  const choice = known.map((each) => `%${each}%`).join(', ');
  return report(spot, 'SLC0103', `"%${wrong}%" is not one of ${choice}${nearest(wrong, known)}`);
};
