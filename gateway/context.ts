import type { Context } from "../schema/context.ts";
import { badUserInput, unauthenticated } from "../schema/errors.ts";
import type { Viewer, ViewerConnections } from "../schema/upstream.ts";
import type { Auth } from "./auth/index.ts";
import { crossSiteOriginOf } from "./http/same-site.ts";
import { nullWhenRefused } from "./http/failure.ts";
import type { Exchange } from "./http/pipeline.ts";
import { noLimits, type RequestLimits } from "./http/rate-limits.ts";
import { createSecret } from "./store/sealing.ts";
import { createSubscriptionLimit, MAXIMUM_SUBSCRIPTIONS, MAXIMUM_SUBSCRIPTIONS_PER_USER } from "./runtime/subscription-limit.ts";
import { memoizePlatform, memoizeViewer } from "./upstream/memoize.ts";
import type { RelayedUsers, Upstream } from "./upstream/upstream.ts";

/** Says who is asking, and binds the upstream to that caller: nothing below can name another user. */
export interface ContextFactory {
  /** Whether bearers are the upstream's to judge: then `create` refuses malformed ones alone, and the first use the others. */
  relaysBearers: boolean;
  /** `answer` collects the headers that the response must carry. Throws UNAUTHENTICATED for a credential that is no good. */
  create(exchange: Pick<Exchange, "request" | "limits" | "authenticate">, answer: Headers, options?: CreateOptions): Promise<Context>;
  /** The same for a user whom the first-party session cookie names. */
  connectionsOf(viewer: Viewer, asked: Asked, setCookie: (header: string) => void): ViewerConnections;
  /** The same as `create` for a user at a socket, and whether they are still signed in. Throws UNAUTHENTICATED. */
  follow(bearer: string): Promise<{ userId: string; connections: ViewerConnections; stillAllowed(): Promise<boolean> }>;
}

export interface CreateOptions {
  /**
   * Whether a page on another site is given a link of ours to send its user to, instead of a cookie that it may not be able to keep.
   * Not for the popup of xkit.js, which is bound by a one-time token.
   */
  linksCrossSitePages?: boolean;
}

/** A link of ours for what a user has started on a page of another site. */
export type LinkPage = (started: { userId: string; slug: string; state: string; origin: string }) => Promise<string>;

/** What counts of a request. */
type Asked = Pick<Exchange, "request" | "limits">;

/** A user whom this gateway knows: by a bearer, or by the cookie. */
interface KnownCaller {
  viewer: Viewer;
  /** The very token; null with the cookie. Kept as long as a subscription, because it may end before that. Never to be logged. */
  bearer: string | null;
}

const WRONG_RETURN_TO =
  "returnTo: must be a path of this gateway with one / in front, or a URL of one of the platform's web origins, as https://app.example.com/settings. It must not lead to an address of this gateway that starts, finishes or signs in by itself.";
/** A bearer that can be passed on. Any other is for `authenticate` to refuse. */
const bearerHeader = /^bearer +([\x21-\x2b\x2d-\x7e]{1,16384})$/i;
/** The same, by itself. */
const bearerToken = /^[\x21-\x2b\x2d-\x7e]{1,16384}$/;

export function createContextFactory(auth: Auth, upstream: Upstream, linkPage: LinkPage): ContextFactory {
  const { users } = upstream;
  const limit = createSubscriptionLimit(MAXIMUM_SUBSCRIPTIONS, MAXIMUM_SUBSCRIPTIONS_PER_USER);

  /** @param crossSiteOrigin of a page on another site that is to be given links. */
  function bind(
    caller: KnownCaller,
    { request, limits }: Asked,
    setCookie: (header: string) => void,
    crossSiteOrigin: string | null = null,
  ): ViewerConnections {
    if (!users.knownHere) throw new TypeError("Users of this upstream are known by their bearers alone.");
    return guard(
      users.forUser({
        viewer: caller.viewer,
        ...(crossSiteOrigin === null
          ? { bind: auth.bindings.create(request, setCookie), link: null }
          : // Nothing holds this secret: what is started is bound where the link leads.
            { bind: createSecret, link: (started) => linkPage({ ...started, userId: caller.viewer.userId, origin: crossSiteOrigin }) }),
        stillAllowed: () => isStillAllowed(caller),
      }),
      async () => caller.viewer,
      limits,
    );
  }

  /** Asked at each change: a bearer that expired, or lost its session or key, shows nothing more, and its stream ends with that change. */
  async function isStillAllowed({ viewer, bearer }: KnownCaller): Promise<boolean> {
    if (bearer !== null) return isSameUser(viewer, (await identify(bearer).catch(nullWhenRefused))?.viewer ?? null);
    const user = await auth.users.find(viewer.userId);
    return user !== null && user.groupId === viewer.groupId;
  }

  async function identify(bearer: string): Promise<KnownCaller> {
    const principal = await auth.authenticate(new Request("http://gateway/socket", { headers: { authorization: `Bearer ${bearer}` } }));
    if (principal.kind !== "user") throw unauthenticated("Only users follow authorizations.");
    return { viewer: principal.viewer, bearer };
  }

  /** Whose bearer it is, is asked at the first use, at most once, and kept no longer than the request. */
  function relay({ whoIs, forBearer }: RelayedUsers, bearer: string): NonNullable<Context["user"]> {
    let asked: Promise<Viewer> | undefined;
    const viewer = () => (asked ??= whoIs(bearer));
    return { viewer, connections: guard(forBearer(bearer, viewer), viewer) };
  }

  async function followRelayed(users: RelayedUsers, bearer: string) {
    const caller = await users.whoIs(bearer);
    const stillAllowed = async () => isSameUser(caller, await users.whoIs(bearer).catch(nullWhenRefused));
    const viewer = async () => caller;
    return { userId: caller.userId, connections: guard(users.forBearer(bearer, viewer), viewer), stillAllowed };
  }

  /** How often a user whom the upstream knows may connect is the upstream's to say: then there are no `limits`. */
  function guard(connections: ViewerConnections, viewer: () => Promise<Viewer>, limits: RequestLimits | null = null): ViewerConnections {
    const findUser = async () => (await viewer()).userId;
    return {
      ...connections,
      watch: async (slug) => limit(await findUser(), () => connections.watch(slug)),
      watchAuthorization: async (id) => limit(await findUser(), () => connections.watchAuthorization(id)),
      async start(slug, options) {
        if (options.returnTo !== null && !auth.origins.isValidReturnTo(options.returnTo)) throw badUserInput(WRONG_RETURN_TO, "returnTo");
        limits?.admit("connect", await findUser());
        return connections.start(slug, options);
      },
    };
  }

  return {
    relaysBearers: !users.knownHere,
    async create({ request, limits, authenticate }, answer, { linksCrossSitePages = false } = {}) {
      const context = { catalog: upstream.catalog, sessions: auth.signIn.bind(request, answer, limits) };
      const bearer = users.knownHere ? undefined : bearerHeader.exec(request.headers.get("authorization") ?? "")?.[1];
      if (!users.knownHere && bearer !== undefined) {
        const user = relay(users, bearer);
        return { ...context, user: { ...user, connections: memoizeViewer(user.connections) }, platform: null };
      }
      const principal = await authenticate();
      if (principal.kind === "platform") return { ...context, user: null, platform: memoizePlatform(upstream.forPlatform()) };
      if (principal.kind === "anonymous") return { ...context, user: null, platform: null };
      const { viewer, credential } = principal;
      const crossSiteOrigin = linksCrossSitePages ? crossSiteOriginOf(request, auth.origins) : null;
      const setCookie = (header: string) => answer.append("set-cookie", header);
      const connections = bind({ viewer, bearer: credential }, { request, limits }, setCookie, crossSiteOrigin);
      return { ...context, user: { viewer: async () => viewer, connections: memoizeViewer(connections) }, platform: null };
    },
    connectionsOf: (viewer, asked, setCookie) => bind({ viewer, bearer: null }, asked, setCookie),
    async follow(bearer) {
      // Before it becomes a header: no header can hold it, and the failure would quote it.
      if (!bearerToken.test(bearer)) throw unauthenticated("The token is none that could be a bearer.");
      if (!users.knownHere) return followRelayed(users, bearer);
      const caller = await identify(bearer);
      const connections = bind(caller, { request: new Request("http://gateway/socket"), limits: noLimits }, () => {});
      return { userId: caller.viewer.userId, connections, stillAllowed: () => isStillAllowed(caller) };
    },
  };
}

const isSameUser = (caller: Viewer, current: Viewer | null): boolean =>
  current !== null && current.userId === caller.userId && current.groupId === caller.groupId;
