import { parseCookie, stringifySetCookie } from "cookie";
import { LANGUAGES } from "../../client/languages/language.ts";
import { LANGUAGE_COOKIE } from "../http/language.ts";
import { isSameSite } from "../http/same-site.ts";

/** Longest `Cookie` header that is read, in characters: 16 KiB. */
const MAXIMUM_HEADER_CHARACTERS = 16_384;
/** 32 random bytes as base64url. */
const secret = /^[A-Za-z0-9_-]{43}$/;
/** Whether a text can be a secret of ours. */
export const isSecret = (text: string): boolean => secret.test(text);
/** Such bytes, and something sealed. */
const sealedSecret = /^[A-Za-z0-9_-]{43}\.[A-Za-z0-9_.-]{1,1024}$/;

/** Where the operator's page is. */
export const ADMIN_PATH = "/admin";

const attemptCookie = /^(__Host-)?xkit_(\d+_)?attempt_/;
/** Whether a cookie of that name binds an attempt to a browser, at a gateway like this one. */
export const isAttemptCookie = (name: string): boolean => attemptCookie.test(name);

/** One cookie of ours. */
export interface SecretCookie {
  name: string;
  /** Its value in a request, or null when there is none that could be ours. */
  parse(request: Request): string | null;
  /** A `Set-Cookie` header. Without a maximum age it lasts as long as the browser is open. */
  serialize(value: string, maximumAgeSeconds?: number): string;
  /** A `Set-Cookie` header that removes it. */
  clear(): string;
}

/** Cookies of ours whose names begin alike. */
export interface SecretCookies {
  /** How their names begin. */
  beginning: string;
  /** Their values by the rest of their names, in the order of the request: the oldest first (RFC 6265 section 5.4). */
  parse(request: Request): ReadonlyMap<string, string>;
  /** As those of `SecretCookie`. `rest` has characters of base64url only. */
  serialize(rest: string, value: string, maximumAgeSeconds: number): string;
  clear(rest: string): string;
}

/**
 * The cookies that hold a session, one value in both. A navigation to the gateway sends the unpartitioned one. Where browsers keep
 * third-party cookies apart, requests of a page on another site send the partitioned one alone (`Partitioned`, RFC 6265bis draft "CHIPS").
 */
export interface SessionCookies {
  name: string;
  /** Their values in a request, the unpartitioned one's first. */
  parse(request: Request): string[];
  /** `Set-Cookie` headers. */
  serialize(value: string, maximumAgeSeconds: number): string[];
  /** `Set-Cookie` headers that remove them. */
  clear(): string[];
}

export interface Cookies {
  /** Hold a session's secret: for `refreshSession`, `logout` and the first-party pages. */
  session: SessionCookies;
  /** Each binds one started authorization to this browser. */
  attempt: SecretCookies;
  /** Holds the secret of a session of the operator's page, and goes to that page alone. */
  operator: SecretCookie;
  /** Holds a handoff that the user of this browser has to agree to. */
  handoff: SecretCookie;
  /** Holds the language in which this browser has started connecting. */
  language: SecretCookie;
}

/** What all cookies have in common (RFC 6265bis section 4.1). `SameSite=None` works only on `Secure` cookies. */
interface Attributes {
  httpOnly: true;
  path: string;
  secure: boolean;
  sameSite: "lax" | "none" | "strict";
  partitioned?: true;
}

/**
 * Creates the cookies. Over https they are `__Host-` ones: `Secure`, and of this host alone (RFC 6265bis section 4.1.3.2).
 * Browsers send the cookies of a host to each of its ports (RFC 6265 section 8.5): where the public URL states a port, the names do too.
 * `SameSite=None` when a web origin is on another site, else `Lax`. Over http (loopback) `Secure` only goes with `None`.
 */
export function createCookies(publicUrl: string, webOrigins: readonly string[]): Cookies {
  const { protocol, port } = new URL(publicUrl);
  const isHttps = protocol === "https:";
  const sameSite = webOrigins.every((origin) => isSameSite(origin, publicUrl)) ? "lax" : "none";
  const attributes: Attributes = { httpOnly: true, path: "/", secure: isHttps || sameSite === "none", sameSite };
  const beginning = `xkit_${port && `${port}_`}`;
  const prefix = `${isHttps ? "__Host-" : ""}${beginning}`;
  // A `__Host-` cookie has no path but `/`.
  const operator = `${isHttps ? "__Secure-" : ""}${beginning}operator`;
  return {
    session: createSessionCookies(`${prefix}session`, attributes),
    operator: createCookie(operator, { httpOnly: true, path: ADMIN_PATH, secure: isHttps, sameSite: "strict" }),
    handoff: createCookie(`${prefix}hand_over`, attributes, sealedSecret),
    language: createCookie(LANGUAGE_COOKIE, attributes, new RegExp(`^(${LANGUAGES.join("|")})$`)),
    attempt: createFamily(`${prefix}attempt_`, attributes),
  };
}

/** Without a page on another site, no browser keeps the cookies of a page apart. */
function createSessionCookies(name: string, attributes: Attributes): SessionCookies {
  const partitioned = createCookie(`${name}_partitioned`, { ...attributes, partitioned: true });
  const both = [createCookie(name, attributes), ...(attributes.sameSite === "none" ? [partitioned] : [])];
  return {
    name,
    parse(request) {
      const held = readCookies(request);
      return both.flatMap((cookie) => held[cookie.name] ?? []);
    },
    serialize: (value, maximumAgeSeconds) => both.map((cookie) => cookie.serialize(value, maximumAgeSeconds)),
    clear: () => both.map((cookie) => cookie.clear()),
  };
}

function createFamily(beginning: string, attributes: Attributes): SecretCookies {
  const cookieOf = (rest: string) => createCookie(`${beginning}${rest}`, attributes);
  return {
    beginning,
    parse(request) {
      const held = Object.entries(readCookies(request)).filter(([name]) => name.startsWith(beginning));
      const known = held.flatMap(([name, value = ""]) => (secret.test(value) ? [[name.slice(beginning.length), value] as const] : []));
      return new Map(known.filter(([rest]) => /^[\w-]+$/.test(rest)));
    },
    serialize: (rest, value, maximumAgeSeconds) => cookieOf(rest).serialize(value, maximumAgeSeconds),
    clear: (rest) => cookieOf(rest).clear(),
  };
}

function readCookies(request: Request): ReturnType<typeof parseCookie> {
  const header = request.headers.get("cookie") ?? "";
  return header.length > MAXIMUM_HEADER_CHARACTERS ? {} : parseCookie(header);
}

function createCookie(name: string, attributes: Attributes, shape = secret): SecretCookie {
  return {
    name,
    parse(request) {
      const value = readCookies(request)[name];
      return value !== undefined && shape.test(value) ? value : null;
    },
    serialize: (value, maximumAgeSeconds) =>
      stringifySetCookie(name, value, { ...attributes, ...(maximumAgeSeconds !== undefined && { maxAge: maximumAgeSeconds }) }),
    clear: () => stringifySetCookie(name, "", { ...attributes, maxAge: 0 }),
  };
}
