/** The languages that the catalog and the gateway's own pages speak. The first one is the default. */
export const LANGUAGES = ["en", "de"] as const;
export type Language = (typeof LANGUAGES)[number];

const speaks = (language: string | undefined): language is Language => LANGUAGES.some((known) => known === language);

/** The language of a BCP 47 tag such as `de-AT`, also where it is written `de_AT`; null for one that is not spoken here. */
export function languageOf(tag: string): Language | null {
  const [language] = tag.toLowerCase().split(/[-_]/);
  return speaks(language) ? language : null;
}

/** The language for a reader who prefers these, by BCP 47 tags in their order. */
export function chooseLanguage(tags: readonly string[]): Language {
  for (const tag of tags) {
    const language = languageOf(tag);
    if (language) return language;
  }
  return LANGUAGES[0];
}
