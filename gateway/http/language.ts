/** In which language a request's reader is spoken to. */
import { parseCookie } from "cookie";
import { parseAccept } from "hono/utils/accept";
import { type Language, languageOf, LANGUAGES } from "../../client/languages/language.ts";
import { type Sentences, sentencesFor } from "../../client/languages/sentences.ts";

/** What an answer depends on that is in the reader's language. */
export const LANGUAGE_HEADER = "accept-language";

/** The parameter by which a page's address names its language, as a BCP 47 tag. */
export const LOCALE_PARAMETER = "locale";

/** Holds the language in which this browser has started connecting. It is no secret, and what is none of ours is ignored. */
export const LANGUAGE_COOKIE = "xkit_language";

/** The language that the reader prefers, by `Accept-Language` (RFC 9110 section 12.5.4); null where none of theirs is spoken. */
export function preferredLanguageOf({ headers }: Request): Language | null {
  const tags = parseAccept(headers.get(LANGUAGE_HEADER) ?? "").flatMap(({ type, q }) => (q > 0 ? [type] : []));
  return tags.map(languageOf).find((language) => language !== null) ?? null;
}

/** The language that a page's address names; null where it names none of ours. */
export const namedLanguageOf = ({ url }: Request): Language | null => languageOf(new URL(url).searchParams.get(LOCALE_PARAMETER) ?? "");

const startedLanguageOf = ({ headers }: Request): Language | null =>
  languageOf(parseCookie(headers.get("cookie") ?? "")[LANGUAGE_COOKIE] ?? "");

/** The language of an answer to a program, which says in `Accept-Language` what its user reads. */
export const languageOfRequest = (request: Request): Language => preferredLanguageOf(request) ?? LANGUAGES[0];

/**
 * The language of a page: the one that its address names, else the one in which connecting was started, so that an app's `locale` holds on
 * the whole way to the provider and back; else what the browser prefers.
 */
export const languageOfPage = (request: Request): Language =>
  namedLanguageOf(request) ?? startedLanguageOf(request) ?? languageOfRequest(request);

/** What the reader of a page is told in. */
export const sentencesOf = (request: Request): Sentences => sentencesFor(languageOfPage(request));
