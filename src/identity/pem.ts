// PEM (RFC 7468): several things in one text.

/** The parts of the text with this label, each with its armour. What stands between them is left out. */
export function pemBlocks(text: string, label: string): readonly string[] {
  const [begin, end] = [`-----BEGIN ${label}-----`, `-----END ${label}-----`];
  return text
    .split(begin)
    .slice(1)
    .map((rest) => `${begin}${rest.split(end, 1)[0] ?? ''}${end}\n`);
}

/** Text without the byte order mark that some editors put in front: OpenSSL would not find the first block. */
export function withoutMark(text: string): string {
  return text.startsWith('\u{feff}') ? text.slice(1) : text;
}
