/** In which language a request's reader is spoken to. */
import { parseAccept } from "hono/utils/accept";
import * as de from "../../client/languages/de.ts";
import * as en from "../../client/languages/en.ts";
import { chooseLanguage, type Language } from "../../client/languages/language.ts";

/** Every sentence of one language. */
export type Sentences = typeof en;

const sentences: Record<Language, Sentences> = { en, de };

/** What an answer depends on that is in the reader's language. */
export const LANGUAGE_HEADER = "accept-language";

/** The language that the reader prefers, by `Accept-Language` (RFC 9110 section 12.5.4); English where none of theirs is spoken. */
export const languageOfRequest = ({ headers }: Request): Language =>
  chooseLanguage(parseAccept(headers.get(LANGUAGE_HEADER) ?? "").flatMap(({ type, q }) => (q > 0 ? [type] : [])));

export const sentencesFor = (language: Language): Sentences => sentences[language];
