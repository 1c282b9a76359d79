import { parseCookie, parseSetCookie, stringifyCookie } from "cookie";

/** The cookies of one session or attempt at the upstream, by name. */
export type CookieJar = ReadonlyMap<string, string>;

/** What a `Cookie` header can hold as it came (RFC 6265 section 4.1.1, and what browsers accept beyond it). */
const name = /^[!#-'*+.^`|~\w-]+$/;
const value = /^[\x21-\x3a\x3c-\x7e]+$/;
const asItCame = { decode: (text: string) => text, encode: (text: string) => text };

/**
 * The cookies that an answer sets. One that it deletes is left out: by `Max-Age`, which counts before `Expires`, by a past `Expires`, or by
 * an empty value.
 * @param now milliseconds since 1970
 */
export const jarOf = (setCookies: readonly string[], now: number): CookieJar => apply(new Map(), setCookies, now, () => true);

/** The jar after an answer: cookies that are in it change or go. What it does not hold, as a balancer's, does not come in. */
export const mergeInto = (jar: CookieJar, setCookies: readonly string[], now: number): CookieJar =>
  apply(jar, setCookies, now, (cookie) => jar.has(cookie));

/** The cookies of a `Cookie` header. */
export function parseJar(header: string): CookieJar {
  const pairs = Object.entries(parseCookie(header, asItCame));
  return new Map(pairs.flatMap(([cookie, held]) => (held === undefined ? [] : [[cookie, held] as const])));
}

/** The `Cookie` header of a jar (RFC 6265 section 4.2); null where it is empty. */
export const serializeJar = (jar: CookieJar): string | null => (jar.size === 0 ? null : stringifyCookie(Object.fromEntries(jar), asItCame));

function apply(jar: CookieJar, setCookies: readonly string[], now: number, isKept: (cookie: string) => boolean): CookieJar {
  const next = new Map(jar);
  for (const header of setCookies) {
    const set = parseSetCookie(header, asItCame);
    if (!name.test(set.name) || !isKept(set.name)) continue;
    if (isDeleted(set, now)) next.delete(set.name);
    else if (value.test(set.value ?? "")) next.set(set.name, set.value ?? "");
  }
  return next;
}

function isDeleted({ value: held, maxAge, expires }: ReturnType<typeof parseSetCookie>, now: number): boolean {
  if (!held) return true;
  return maxAge === undefined ? expires !== undefined && expires.getTime() <= now : maxAge <= 0;
}
