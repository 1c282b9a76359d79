/**
 * Controls, and characters that are not seen or turn the direction of what is around them (Unicode Standard Annex 9 section 2). The marks
 * and joiners that scripts and emoji need stay.
 */
const deceptive = /[\p{Cc}\u00ad\u180e\u200b\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/gu;

/** A name that is not ours, without what could change how the words around it read; null where nothing is left. */
export const plainName = (name: string | null): string | null => name?.replaceAll(deceptive, "").trim() || null;
