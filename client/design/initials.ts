/** What is drawn of a name where there is no picture. */
import { plainName } from "./plain-name.ts";

/** The first character as a reader sees it (Unicode Standard Annex 29), in upper case. In Firefox before 125, its first code point. */
export function initialOf(name: string): string {
  const shown = plainName(name) ?? "";
  return (("Segmenter" in Intl ? new Intl.Segmenter().segment(shown).containing(0)?.segment : Array.from(shown)[0]) ?? "").toUpperCase();
}

/** The initials of a person: of the first and the last word of their name. */
export function initialsOf(name: string): string {
  const [first = "", ...others] = name.trim().split(/\s+/);
  return `${initialOf(first)}${initialOf(others.at(-1) ?? "")}`;
}
