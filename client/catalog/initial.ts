/** The first character as a reader sees it (Unicode Standard Annex 29). In Firefox before 125, its first code point. */
export const initialOf = (name: string): string | undefined =>
  ("Segmenter" in Intl ? new Intl.Segmenter().segment(name).containing(0)?.segment : Array.from(name)[0])?.toUpperCase();
