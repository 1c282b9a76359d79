import { createContext, type ReactNode, useContext, useEffect, useState } from "react";
import { catalog as english } from "../languages/en.ts";
import { chooseLanguage, type Language, languageOf } from "../languages/language.ts";

export type Sentences = typeof english;

interface Spoken {
  sentences: Sentences;
  /** For dates and numbers: a BCP 47 tag of the same language. */
  locale: string;
}

const loaded = new Map<Language, Sentences>([["en", english]]);

/** English is there from the beginning; the others are loaded when they are first spoken. */
const loaders: Record<Exclude<Language, "en">, () => Promise<Sentences>> = {
  de: () => import("../languages/de.ts").then(({ catalog }) => catalog),
};

/** Loads the sentences of a language. Where they cannot be loaded, English is spoken. */
export async function loadLanguage(language: Language): Promise<void> {
  if (language !== "en" && !loaded.has(language)) loaded.set(language, await loaders[language]().catch(() => english));
}

const SpokenContext = createContext<Spoken>({ sentences: english, locale: "en" });

/** What the parts of the catalog say. */
export const useSentences = (): Sentences => useContext(SpokenContext).sentences;
/** The locale for dates and numbers. */
export const useLocale = (): string => useContext(SpokenContext).locale;

/** Speaks the language of a BCP 47 tag, as `parseLocale` gives it, in all that is inside; nothing is shown before its sentences are there. Default: English. */
export function SpeakLanguage({ locale = "en", children }: { locale: string | undefined; children: ReactNode }) {
  const language = chooseLanguage([locale]);
  const [, setLoaded] = useState<Language>();
  const sentences = loaded.get(language);
  useEffect(() => {
    if (!sentences) void loadLanguage(language).then(() => setLoaded(language));
  }, [language, sentences]);
  if (!sentences) return null;
  return <SpokenContext.Provider value={{ sentences, locale: languageOf(locale) ? locale : language }}>{children}</SpokenContext.Provider>;
}
