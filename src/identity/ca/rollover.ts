// How one CA follows another without a moment in which somebody's certificate is not believed: a new root is believed by all
// before anything is signed under it, and an old one for as long as there may be certificates under it.
import type { CaMaterial } from './ca-material.ts';

export interface Rollover {
  /** What signs now. */
  readonly signing: CaMaterial;
  /** What will sign, and from when on (milliseconds since 1970). */
  readonly next: { readonly material: CaMaterial; readonly from: number } | null;
  /** What has signed, and whose roots are believed for a while. */
  readonly retired: readonly { readonly material: CaMaterial; readonly until: number }[];
}

export function begin(material: CaMaterial): Rollover {
  return { signing: material, next: null, retired: [] };
}

export interface Moment {
  /** In milliseconds since 1970. */
  readonly now: number;
  /** In milliseconds: the longest life of a certificate, within which everybody has come for a new one. */
  readonly overlap: number;
}

/** Another material is there. It signs at once where its root is believed already, or where the old one cannot wait. */
export function follow(state: Rollover, material: CaMaterial, { now, overlap }: Moment): Rollover {
  const { signing } = state;
  const from = now + overlap;
  const known = signing.roots.includes(material.root) || material.certificate.raw.equals(signing.certificate.raw);
  if (!known && signing.expires > from) return { ...state, next: { material, from } };
  const until = now + overlap;
  return { signing: material, next: null, retired: [...state.retired, { material: signing, until }] };
}

/** The same at a later time. */
export function advance(state: Rollover, { now, overlap }: Moment): Rollover {
  const { signing, next } = state;
  const retired = state.retired.filter(({ until }) => until > now);
  if (next !== null && next.from <= now) {
    return { signing: next.material, next: null, retired: [...retired, { material: signing, until: now + overlap }] };
  }
  return retired.length === state.retired.length ? state : { ...state, retired };
}

/** When something changes by itself; null: never. In milliseconds since 1970. */
export function dueAt({ next, retired }: Rollover): number | null {
  const times = [...(next === null ? [] : [next.from]), ...retired.map(({ until }) => until)];
  return times.length === 0 ? null : Math.min(...times);
}

/** The roots that everybody is to believe, one PEM text each. */
export function believed({ signing, next, retired }: Rollover): readonly string[] {
  const all = [signing, ...(next === null ? [] : [next.material]), ...retired.map(({ material }) => material)];
  return [...new Set(all.flatMap(({ roots }) => roots))];
}
