/** What a search looks through. */
export interface Searchable {
  name: string;
  slug: string;
  shortDescription: string | null;
  searchTerms: readonly string[];
}

/** A word of this length may have one wrong letter, one twice as long two. */
const LETTERS_PER_TYPO = 4;
const MOST_TYPOS = 2;

const wordsOf = (text: string): string[] =>
  text
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean);

/**
 * The entries that hold each word of the search in their name, line or search terms. Where none does, those whose name or terms differ from
 * it by a typing error. An empty search finds all. Their order stays.
 */
export function findMatches<Entry extends Searchable>(entries: readonly Entry[], search: string): Entry[] {
  const words = wordsOf(search);
  const exact = entries.filter((entry) => {
    const text = [entry.name, entry.slug, entry.shortDescription ?? "", ...entry.searchTerms].flatMap(wordsOf).join(" ");
    return words.every((word) => text.includes(word));
  });
  if (exact.length > 0) return exact;
  return entries.filter((entry) => {
    const names = [entry.name, entry.slug, ...entry.searchTerms].flatMap(wordsOf);
    return words.every((word) => names.some((name) => isNear(word, name)));
  });
}

/** Whether a word is the beginning of a name but for a typing error or two. */
function isNear(word: string, name: string): boolean {
  const allowed = Math.min(Math.floor(word.length / LETTERS_PER_TYPO), MOST_TYPOS);
  if (allowed === 0) return name.startsWith(word);
  // A letter too few or too many moves the end of what was meant.
  const ends = [0, 1, -1].map((by) => name.slice(0, Math.max(0, word.length + by)));
  return ends.some((beginning) => Math.abs(word.length - beginning.length) <= allowed && distance(word, beginning) <= allowed);
}

/** Letters to add, drop, change or swap with their neighbour (optimal string alignment). */
function distance(one: string, other: string): number {
  let [beforeLast, last]: [number[], number[]] = [[], Array.from({ length: other.length + 1 }, (_, at) => at)];
  for (let row = 1; row <= one.length; row++) {
    const current = [row];
    for (let column = 1; column <= other.length; column++) {
      const isSame = one[row - 1] === other[column - 1];
      const isSwapped = one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1];
      const [up, left, diagonal] = [last[column] ?? 0, current[column - 1] ?? 0, last[column - 1] ?? 0];
      const least = Math.min(up + 1, left + 1, diagonal + (isSame ? 0 : 1));
      current.push(isSwapped ? Math.min(least, (beforeLast[column - 2] ?? 0) + 1) : least);
    }
    [beforeLast, last] = [last, current];
  }
  return last[other.length] ?? 0;
}
