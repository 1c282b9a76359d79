import { parseCookie, stringifySetCookie } from "cookie";

/** Longest `Cookie` header that is read, in characters: 16 KiB. */
const MAXIMUM_HEADER_CHARACTERS = 16_384;
/** Every cookie of ours holds 32 random bytes as base64url. */
const secret = /^[A-Za-z0-9_-]{43}$/;

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

export interface Cookies {
  /** Holds a session's secret: for `refreshSession`, `logout` and the first-party pages. */
  session: SecretCookie;
  /** Binds an authorization to the browser that started it. */
  browser: SecretCookie;
}

/** What both cookies have in common (RFC 6265bis section 4.1). `SameSite=None` is heeded on `Secure` cookies alone. */
interface Attributes {
  httpOnly: true;
  path: "/";
  secure: boolean;
  sameSite: "lax" | "none";
}

/**
 * Creates the cookies. Over https they are `__Host-` ones: `Secure`, and of this host alone (RFC 6265bis section 4.1.3.2).
 * `SameSite=None` when a web origin is on another site, else `Lax`. Over http (loopback) `Secure` only goes with `None`.
 */
export function createCookies(publicUrl: string, webOrigins: readonly string[]): Cookies {
  const { protocol } = new URL(publicUrl);
  const isHttps = protocol === "https:";
  const sameSite = webOrigins.every((origin) => isSameSite(origin, publicUrl)) ? "lax" : "none";
  const attributes: Attributes = { httpOnly: true, path: "/", secure: isHttps || sameSite === "none", sameSite };
  const prefix = isHttps ? "__Host-" : "";
  return { session: createCookie(`${prefix}xkit_session`, attributes), browser: createCookie(`${prefix}xkit_browser`, attributes) };
}

function createCookie(name: string, attributes: Attributes): SecretCookie {
  return {
    name,
    parse(request) {
      const header = request.headers.get("cookie") ?? "";
      const value = header.length > MAXIMUM_HEADER_CHARACTERS ? undefined : parseCookie(header)[name];
      return value !== undefined && secret.test(value) ? value : null;
    },
    serialize: (value, maximumAgeSeconds) =>
      stringifySetCookie(name, value, { ...attributes, ...(maximumAgeSeconds !== undefined && { maxAge: maximumAgeSeconds }) }),
    clear: () => stringifySetCookie(name, "", { ...attributes, maxAge: 0 }),
  };
}

/**
 * Whether two origins are surely of one site: same scheme, and one host is the other or above it.
 * Siblings (`app.` and `xkit.example.com`) may be of two sites, as under `github.io`; only the public suffix list knows. They count as
 * two, which costs nothing: `None` works within a site too, and what reads the session cookie checks the origin itself.
 */
function isSameSite(origin: string, publicUrl: string): boolean {
  const [one, other] = [new URL(origin.replace("*.", "")), new URL(publicUrl)];
  if (one.protocol !== other.protocol) return false;
  return one.hostname === other.hostname || isAbove(one.hostname, other.hostname) || isAbove(other.hostname, one.hostname);
}

const isAbove = (parent: string, child: string): boolean => parent.includes(".") && child.endsWith(`.${parent}`);
