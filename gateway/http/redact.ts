import { hideSecrets } from "./hide-secrets.ts";

/** Longest part of a vendor's own words that is repeated, in characters. */
const MAX_VENDOR_TEXT = 200;

/** Longest error code that is repeated, in characters. */
const MAX_CODE = 64;

/** Words of 20 and more token characters with a digit and a letter in them look like a token, or like a piece of one. */
const tokenLike = /(?=[\w+/=.~-]*\d)(?=[\w+/=.~-]*[a-z])[\w+/=.~-]{20,}/gi;

/** Longest text looked through at all, in characters. */
const MAX_READ_TEXT = 2_000;

const codeCharacters = /^[\w.:-]+$/;

/**
 * A vendor's words made fit for the log and for servers, else null. They stay hostile: no user is shown them.
 *
 * Every secret, every piece of one (`hideSecrets`), and everything that looks like a token, becomes `[redacted]`; control characters become
 * spaces; at most 200 characters.
 */
export function describeVendor(text: string | undefined, secrets: readonly string[]): string | null {
  if (text === undefined) return null;
  const hidden = hideSecrets(text.slice(0, MAX_READ_TEXT), secrets);
  // Quotation marks go too, because the words end up between quotation marks.
  const plain = hidden.replaceAll(/[\p{C}\s"]+/gu, " ").trim();
  const clean = plain.replaceAll(tokenLike, "[redacted]");
  return clean === "" ? null : clean.slice(0, MAX_VENDOR_TEXT);
}

/** A vendor's error code if it reads like one and gives nothing away, else `unknown_error`. */
export function toCode(code: string, secrets: readonly string[]): string {
  const isSafe = code.length <= MAX_CODE && codeCharacters.test(code) && hideSecrets(code, secrets) === code;
  return isSafe ? code : "unknown_error";
}
