import * as de from "./de.ts";
import * as en from "./en.ts";
import type { Language } from "./language.ts";

/** Every sentence of one language. */
export type Sentences = typeof en;

const byLanguage: Record<Language, Sentences> = { en, de };

export const sentencesFor = (language: Language): Sentences => byLanguage[language];
