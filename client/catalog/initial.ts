const segmenter = new Intl.Segmenter();

/** The first character as a reader sees it, which may be several code points (Unicode Standard Annex 29). */
export const initialOf = (name: string): string | undefined => segmenter.segment(name).containing(0)?.segment.toUpperCase();
