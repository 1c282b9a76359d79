/** In which language a request's reader is spoken to. */
import { parseAccept } from "hono/utils/accept";
import { chooseLanguage, type Language } from "../../client/languages/language.ts";
import { type Sentences, sentencesFor } from "../../client/languages/sentences.ts";

/** What an answer depends on that is in the reader's language. */
export const LANGUAGE_HEADER = "accept-language";

/** The language that the reader prefers, by `Accept-Language` (RFC 9110 section 12.5.4); English where none of theirs is spoken. */
export const languageOfRequest = ({ headers }: Request): Language =>
  chooseLanguage(parseAccept(headers.get(LANGUAGE_HEADER) ?? "").flatMap(({ type, q }) => (q > 0 ? [type] : [])));

/** What the reader of a page is told in. */
export const sentencesOf = (request: Request): Sentences => sentencesFor(languageOfRequest(request));
