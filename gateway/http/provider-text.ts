import { redactSecrets } from "./redact-secrets.ts";

/** Longest part of a provider's own words that is repeated, in characters. */
const MAX_PROVIDER_TEXT = 200;

/** Longest error code that is repeated, in characters. */
const MAX_CODE = 64;

/** Runs of 20 and more characters that tokens are made of. */
const longRun = /[\w+/=.~-]{20,}/g;
const separators = /[_+/=.~-]+/;

/** What names, addresses and codes are made of: `authorize`, `userNotFound`, `OAUTH`. Words of 20 and more letters are none. */
const plainWord = /^(?:[A-Za-z]?[a-z]{0,18}(?:[A-Z][a-z]{2,18})*|[A-Z]{1,19})$/;

/** Whether a long run of characters looks like a token, or like a piece of one: a part of it is no plain word. */
const looksLikeToken = (run: string): boolean => !run.split(separators).every((part) => plainWord.test(part));

/** Longest text looked through at all, in characters. */
const MAX_READ_TEXT = 2_000;

const codeCharacters = /^[\w.:-]+$/;

/**
 * A provider's words made fit for the log and for servers, else null. They stay hostile: no user is shown them.
 *
 * Every secret, every piece of one (`redactSecrets`), and everything that looks like a token, becomes `[redacted]`; control characters become
 * spaces; at most 200 characters.
 */
export function redactProviderText(text: string | undefined, secrets: readonly string[]): string | null {
  if (text === undefined) return null;
  const hidden = redactSecrets(text.slice(0, MAX_READ_TEXT), secrets);
  // Quotation marks go too, because the words end up between quotation marks.
  const plain = hidden.replaceAll(/[\p{C}\s"]+/gu, " ").trim();
  const clean = plain.replaceAll(longRun, (run) => (looksLikeToken(run) ? "[redacted]" : run));
  return clean === "" ? null : clean.slice(0, MAX_PROVIDER_TEXT);
}

/** A provider's error code if it reads like one and gives nothing away, else `unknown_error`. */
export function toErrorCode(code: string, secrets: readonly string[]): string {
  const isSafe = code.length <= MAX_CODE && codeCharacters.test(code) && redactProviderText(code, secrets) === code;
  return isSafe ? code : "unknown_error";
}
