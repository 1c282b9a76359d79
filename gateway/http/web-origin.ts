import { isActionPath, POPUP_DONE_PATH } from "./action-path.ts";

/** One label in front of the host, as in a TLS certificate (RFC 6125 section 6.4.3): never the apex, never two labels. */
const WILDCARD = "*.";
/** What a wildcard stands for. */
const label = /^[a-z0-9_-]{1,63}$/;
/** Browsers drop tabs and line breaks and read `\` as `/` (url.spec.whatwg.org), so that `/\evil.com` would leave the site. */
const deceptive = /[\p{Cc}\s\\]/u;

export interface OriginCheck {
  /** The gateway's own origin. */
  own: string;
  /** Whether a page of this origin may ask; the gateway's own always may. `origin` is as the header spells it. */
  isValid(origin: string): boolean;
  /**
   * Whether a browser may be sent there at the end: a path of this gateway with one leading `/`, or an http(s) URL of a valid origin.
   * Never to an address of this gateway that acts when it is opened (see `isActionPath`); `/authorizations/done` only closes its window.
   */
  isValidReturnTo(returnTo: string): boolean;
}

/**
 * Whether a text can be a web origin: scheme and host, with a port if need be, and `*` for the first label at most.
 * `https://app.example.com`, `http://localhost:5173`, `https://*.example.com`. A wildcard lets every page of every subdomain ask with its
 * visitors' session: not for a domain below which others publish pages.
 */
export function isWebOrigin(text: string): boolean {
  const { scheme, host } = split(text);
  const rest = host.startsWith(WILDCARD) ? host.slice(WILDCARD.length) : host;
  // A wildcard over a whole top-level domain is a mistake.
  const isNarrow = rest === host || rest.includes(".") || /^localhost(:|$)/.test(rest);
  const url = `${scheme}://${rest}`;
  return /^https?$/.test(scheme) && isNarrow && !rest.includes("*") && URL.canParse(url) && new URL(url).origin === url;
}

/** Creates the check of who may ask. Throws `TypeError` for a web origin that is none. */
export function createOriginCheck(webOrigins: readonly string[], publicUrl: string): OriginCheck {
  const wrong = webOrigins.find((origin) => !isWebOrigin(origin));
  if (wrong !== undefined)
    throw new TypeError(`"${wrong}" is not a web origin: use one such as https://app.example.com or https://*.example.com.`);
  const own = new URL(publicUrl).origin;
  const listed = new Set([own, ...webOrigins]);

  const isValid = (origin: string): boolean => {
    const { scheme, host } = split(origin);
    const [first = "", ...parents] = host.split(".");
    if (!label.test(first.split(":", 1)[0] ?? "") && !host.startsWith("[")) return false;
    return listed.has(origin) || (parents.length > 0 && listed.has(`${scheme}://${WILDCARD}${parents.join(".")}`));
  };

  return {
    own,
    isValid,
    isValidReturnTo(returnTo) {
      if (deceptive.test(returnTo)) return false;
      if (!/^(\/|https?:\/\/)/i.test(returnTo) || !URL.canParse(returnTo, own)) return false;
      const url = new URL(returnTo, own);
      if (url.origin === own && url.pathname !== POPUP_DONE_PATH && isActionPath(url.pathname)) return false;
      // `//evil.com` is an address, not a path; `/..//evil.com` becomes one when its path is taken.
      if (returnTo.startsWith("/")) return url.origin === own && !url.pathname.startsWith("//");
      return url.username === "" && url.password === "" && isValid(url.origin);
    },
  };
}

function split(origin: string): { scheme: string; host: string } {
  const [scheme = "", host = "", ...rest] = origin.split("://");
  return rest.length > 0 ? { scheme: "", host: "" } : { scheme, host };
}
