import type { Connection } from "../../../schema/upstream.ts";
import { isAttemptCookie } from "../../auth/cookies.ts";
import type { Clock } from "../../runtime/clock.ts";
import { LANGUAGE_COOKIE, LOCALE_PARAMETER } from "../../http/language.ts";
import { jarOf, serializeJar } from "./cookie-jar.ts";
import type { Ask } from "./operation.ts";
import { answers } from "./response-schemas.ts";

export interface BrowserLinksOptions {
  ask: Ask;
  /** Where browsers reach the upstream. */
  origin: string;
  clock: Clock;
}

/**
 * Links that work in the user's browser although this gateway started the authorization in its place.
 *
 * An upstream that binds what is started to a browser does so with a cookie of its own domain, which it gave to this gateway. A one-time
 * token, made with that cookie, brings the binding and the user's session into the browser that opens the link, once and within a minute.
 */
export function createBrowserLinks({ ask, origin, clock }: BrowserLinksOptions) {
  async function forBrowser(
    connection: Connection,
    prototypeSlug: string,
    credential: { authorization: string },
    setCookies: readonly string[],
  ): Promise<Connection> {
    const { authorization } = connection;
    // A balancer's cookie binds nothing.
    const jar = jarOf(setCookies, clock.now());
    const bindings = [...jar].filter(([name]) => isAttemptCookie(name));
    const cookie = serializeJar(new Map(bindings));
    // Without a binding the link is good as it is.
    if (!authorization?.authorizeUrl || cookie === null) return connection;
    const { body } = await ask({ method: "POST", path: ["sessions", "ott"], credential, headers: { cookie } }, answers.oneTimeToken);
    const link = new URL(`/authorizations/${encodeURIComponent(prototypeSlug)}/continue`, origin);
    // An upstream that speaks the user's language has said so by a cookie, which this gateway has in the browser's place.
    const language = jar.get(LANGUAGE_COOKIE);
    const query = { token: body.ott, state: stateOf(authorization.authorizeUrl), ...(language && { [LOCALE_PARAMETER]: language }) };
    link.search = new URLSearchParams(query).toString();
    return { ...connection, authorization: { ...authorization, authorizeUrl: link.href } };
  }

  return { forBrowser };
}

const stateOf = (authorizeUrl: string): string => new URL(authorizeUrl).searchParams.get("state") ?? "";

export type BrowserLinks = ReturnType<typeof createBrowserLinks>;
