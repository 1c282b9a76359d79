/** What is drawn of a name where there is no picture. */

/** The first character as a reader sees it (Unicode Standard Annex 29), in upper case. In Firefox before 125, its first code point. */
export const initialOf = (name: string): string =>
  (("Segmenter" in Intl ? new Intl.Segmenter().segment(name).containing(0)?.segment : Array.from(name)[0]) ?? "").toUpperCase();

/** The initials of a person: of the first and the last word of their name. */
export function initialsOf(name: string): string {
  const [first = "", ...others] = name.trim().split(/\s+/);
  return `${initialOf(first)}${initialOf(others.at(-1) ?? "")}`;
}
