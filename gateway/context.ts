import type { Context } from "../schema/context.ts";
import { unauthenticated } from "../schema/errors.ts";
import type { ViewerConnections } from "../schema/upstream.ts";
import type { Auth } from "./auth/index.ts";
import { type AuditedExchange, RequestAudit, type RequestAudits } from "./custody/request-audit.ts";
import { requestWithBearer } from "./http/bearer-request.ts";
import type { Language } from "../client/languages/language.ts";
import { languageOfRequest, preferredLanguageOf } from "./http/language.ts";
import { crossSiteOriginOf } from "./http/same-site.ts";
import type { Exchange } from "./http/pipeline.ts";
import type { AnswerCookies } from "./http/plain-answer.ts";
import type { RequestLimits } from "./http/rate-limits.ts";
import { createSecret } from "./store/sealing.ts";
import { memoizePlatform, memoizeViewer } from "./upstream/memoize.ts";
import type { Browser, Caller, Upstream } from "./upstream/upstream.ts";

/** Says who is asking, and binds the upstream to that caller: nothing below can name another user. */
export interface ContextFactory {
  /** Whether `create` refuses malformed bearers alone, and the first use the others. */
  defersAuthentication: boolean;
  /** As `UpstreamUsers.hasTaken`. */
  hasTaken(bearer: string): boolean;
  /** `answer` collects the headers that the response must carry. Throws UNAUTHENTICATED for a credential that is no good. */
  create(exchange: AuditedExchange & Pick<Exchange, "authenticate">, answer: AnswerCookies, options?: CreateOptions): Promise<Context>;
  /** The same as `create` for a user at a socket, and whether they are still signed in. Throws UNAUTHENTICATED. */
  follow(
    bearer: string,
    limits: RequestLimits,
  ): Promise<{ userId: string; connections: ViewerConnections; stillAllowed(): Promise<boolean> }>;
}

export interface CreateOptions {
  /**
   * Whether a page on another site is given a link of ours to send its user to, instead of a cookie that it may not be able to keep.
   * Not for the popup of xkit.js, which is bound by a one-time token.
   */
  linksCrossSitePages?: boolean;
}

/** A link of ours for what a user has started on a page of another site. */
export type LinkPage = (
  started: { userId: string; slug: string; state: string; origin: string },
  language: Language | null,
) => Promise<string>;

/** What a header can hold. Looked at before it becomes one: the failure would quote it. */
const bearerToken = /^[\x21-\x2b\x2d-\x7e]{1,16384}$/;

export function createContextFactory(
  auth: Pick<Auth, "authenticate" | "recall" | "bindings" | "origins">,
  upstream: Pick<Upstream, "catalog" | "users" | "forPlatform">,
  { linkPage, audits }: { linkPage: LinkPage; audits: RequestAudits },
): ContextFactory {
  const { catalog, users } = upstream;

  function browserOf(request: Request, setCookie: (header: string) => void): Browser {
    const language = preferredLanguageOf(request);
    return { bind: auth.bindings.create(request, setCookie, language), link: null, language };
  }

  /** Nothing holds this secret: what is started is bound where the link leads. */
  const linkedBrowser = ({ viewer }: Caller, origin: string, language: Language | null): Browser => ({
    bind: createSecret,
    link: async (started) => linkPage({ ...started, userId: (await viewer()).userId, origin }, language),
    language,
  });

  return {
    defersAuthentication: users.defersAuthentication,
    hasTaken: (bearer) => users.hasTaken(bearer),
    async create(exchange, answer, { linksCrossSitePages = false } = {}) {
      const { request, limits } = exchange;
      const language = () => languageOfRequest(request);
      const sessions = users.signIn.bind(request, answer, limits);
      const identified = users.identify(exchange);
      const requester = identified instanceof Promise ? await identified : identified;
      if (requester.kind === "platform") {
        const assertKnown = () => (auth.recall(request) ? undefined : auth.authenticate(request));
        const audit = new RequestAudit(audits, exchange, () => requester);
        const platform = memoizePlatform(upstream.forPlatform(limits.clientAddress), audit, assertKnown);
        return { catalog, sessions, language, user: null, platform };
      }
      if (requester.kind === "anonymous") return { catalog, sessions, language, user: null, platform: null };
      const { caller } = requester;
      const { viewer, stillAllowed, shared } = caller;
      const audit = new RequestAudit(audits, exchange, caller.actor);
      // Most requests start nothing: neither the browser nor its cookies are looked at.
      const open = () => {
        const crossSiteOrigin = linksCrossSitePages ? crossSiteOriginOf(request, auth.origins) : null;
        const own = () => browserOf(request, (header) => answer.append("set-cookie", header));
        const browser = crossSiteOrigin === null ? own() : linkedBrowser(caller, crossSiteOrigin, preferredLanguageOf(request));
        return caller.connectionsIn({ ...browser, from: audit.from });
      };
      const connections = memoizeViewer(shared, open, audit);
      return { catalog, sessions, language, user: { viewer, stillAllowed, connections }, platform: null };
    },

    async follow(bearer, limits) {
      if (!bearerToken.test(bearer)) throw unauthenticated("This token cannot be used as a bearer.");
      const request = requestWithBearer(bearer);
      const requester = await users.identify({ request, limits, authenticate: () => auth.authenticate(request) });
      if (requester.kind !== "user") throw unauthenticated("Only a user can follow an authorization.");
      const { viewer, connectionsIn, stillAllowed } = requester.caller;
      const { userId } = await viewer();
      return { userId, connections: connectionsIn(browserOf(request, () => {})), stillAllowed };
    },
  };
}
