/** Longest part of a vendor's own words that is repeated, in characters. */
const MAX_VENDOR_TEXT = 200;

/** Longest error code that is repeated, in characters. */
const MAX_CODE = 64;

/** Shortest secret that is looked for in a text: shorter ones would blot out ordinary words. */
const MIN_SECRET = 4;

/** Shortest code that is compared with pieces of a secret, in characters. */
const MIN_PIECE = 8;

/** Words of 20 and more token characters with a digit and a letter in them look like a token, or like a piece of one. */
const tokenLike = /(?=[\w+/=.~-]*\d)(?=[\w+/=.~-]*[a-z])[\w+/=.~-]{20,}/gi;

/** Longest text looked through at all, in characters. */
const MAX_READ_TEXT = 2_000;

const codeCharacters = /^[\w.:-]+$/;

/**
 * A vendor's words made safe to show and to log, else null.
 *
 * Control characters become spaces; everything we sent, and everything that looks like a token, becomes `[redacted]`; at most 200 characters.
 */
export function describeVendor(text: string | undefined, secrets: readonly string[]): string | null {
  if (text === undefined) return null;
  // Quotation marks go too, because the words end up between quotation marks.
  const plain = text
    .slice(0, MAX_READ_TEXT)
    .replaceAll(/[\p{C}\s"]+/gu, " ")
    .trim();
  const clean = hideSecrets(plain, secrets).replaceAll(tokenLike, "[redacted]");
  return clean === "" ? null : clean.slice(0, MAX_VENDOR_TEXT);
}

/** A vendor's error code if it reads like one and gives nothing away, else `unknown_error`. */
export function toCode(code: string, secrets: readonly string[]): string {
  const isPiece = code.length >= MIN_PIECE && secrets.some((secret) => secret.includes(code));
  const safe = code.length <= MAX_CODE && codeCharacters.test(code) && hideSecrets(code, secrets) === code && !isPiece;
  return safe ? code : "unknown_error";
}

function hideSecrets(text: string, secrets: readonly string[]): string {
  return secrets
    .filter((secret) => secret.length >= MIN_SECRET)
    .flatMap((secret) => [secret, encodeURIComponent(secret)])
    .reduce((rest, secret) => rest.replaceAll(secret, "[redacted]"), text);
}
