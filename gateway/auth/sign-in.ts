import type { Session, Sessions as BoundSessions } from "../../schema/context.ts";
import { forbidden, unauthenticated } from "../../schema/errors.ts";
import type { KnownUser, Viewer } from "../../schema/upstream.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Bearers } from "./bearer.ts";
import type { Bindings } from "./bindings.ts";
import { type Cookies, isSecret } from "./cookies.ts";
import type { AnswerCookies } from "../http/plain-answer.ts";
import { countRefusal, noLimits, type RequestLimits } from "../http/rate-limits.ts";
import type { OriginCheck } from "../http/web-origin.ts";
import type { LiveSession, Sessions } from "./sessions.ts";
import type { Tokens } from "./tokens.ts";
import type { Users } from "./users.ts";

const SECOND_MS = 1_000;

/** A session, and the `Set-Cookie` headers that the answer must carry. */
export interface SignedIn {
  session: Session;
  setCookies: string[];
}

export interface SignIn {
  /**
   * Exchanges a user token of ours or of a configured issuer for a new session, which replaces the browser's.
   * A session token is refused: else its life could be stretched for ever.
   * Throws FORBIDDEN to a page of another origin, which could sign its visitors in as another user, UNAUTHENTICATED and RATE_LIMITED.
   */
  login(userToken: string, request: Request, limits?: RequestLimits): Promise<SignedIn>;
  /**
   * A new session token by the cookie alone.
   * Throws FORBIDDEN without a valid origin, UNAUTHENTICATED without a living session, and RATE_LIMITED.
   */
  refresh(request: Request, limits?: RequestLimits): Promise<SignedIn>;
  /** Ends the session of the cookie and clears every cookie; succeeds also when there is none. Throws FORBIDDEN without a valid origin. */
  logout(request: Request, limits?: RequestLimits): Promise<{ setCookies: string[] }>;
  /**
   * A session for a user whose identity is proven already, as by a one-time token. Throws UNAUTHENTICATED for an unknown user.
   * What binds attempts to the browser is rotated (see `Bindings.rotate`).
   * @param maximumAgeSeconds ends it earlier than others.
   */
  start(userId: string, request: Request, maximumAgeSeconds?: number): Promise<SignedIn>;
  /** Who the cookie belongs to, or null: for pages of the gateway itself, never for the API. */
  findViewer(request: Request): Promise<Viewer | null>;
  /** The first three, bound to one request, as resolvers see them; cookies are appended to the answer's `headers`. */
  bind(request: Request, headers: AnswerCookies, limits?: RequestLimits): BoundSessions;
}

export interface SignInOptions {
  bearers: Bearers;
  sessions: Sessions;
  tokens: Pick<Tokens, "mintSessionToken">;
  users: Pick<Users, "find">;
  cookies: Cookies;
  bindings: Pick<Bindings, "rotate" | "clearAll">;
  origins: OriginCheck;
  clock: Clock;
}

export function createSignIn(options: SignInOptions): SignIn {
  const { bearers, sessions, users, cookies, bindings, origins, clock } = options;
  const signIn: SignIn = {
    async login(userToken, request, limits = noLimits) {
      assertPermittedPage(origins, request);
      const { viewer, sessionId } = await countRefusal(limits, bearers.identify(userToken));
      await limits.admit("login", viewer.userId);
      if (sessionId !== null)
        throw unauthenticated("login needs a user token, and this is a session token: send it as the bearer of your requests.");
      await endSessions(options, request);
      return signIn.start(viewer.userId, request);
    },

    async refresh(request, limits = noLimits) {
      assertOwnPage(origins, request);
      const [live] = await findSessions(options, request);
      if (!live) throw unauthenticated("There is no session in this browser, or it has ended: sign in with login.");
      await limits.admit("refreshSession", live.userId);
      return { session: await mintSession(options, live, await getUser(users, live.userId)), setCookies: [] };
    },

    async logout(request) {
      assertOwnPage(origins, request);
      await endSessions(options, request);
      return { setCookies: [...cookies.session.clear(), ...bindings.clearAll(request)] };
    },

    async start(userId, request, maximumAgeSeconds) {
      const user = await getUser(users, userId);
      const live = await sessions.start(userId, maximumAgeSeconds);
      const cookieAgeSeconds = Math.floor((live.expiresAt.getTime() - clock.now()) / SECOND_MS);
      const setCookies = [...cookies.session.serialize(live.secret, cookieAgeSeconds), ...(await bindings.rotate(request, userId))];
      return { session: await mintSession(options, live, user), setCookies };
    },

    async findViewer(request) {
      const [live] = await findSessions(options, request);
      const user = live && (await users.find(live.userId));
      return user ? toViewer(user) : null;
    },

    bind: (request, headers, limits = noLimits) => bindSignIn(signIn, { request, headers, limits }),
  };
  return signIn;
}

type SessionSource = Pick<SignInOptions, "cookies" | "sessions">;

/** The living sessions of the cookies in a request. */
async function findSessions({ cookies, sessions }: SessionSource, request: Request): Promise<LiveSession[]> {
  const secrets = new Set(cookies.session.parse(request).filter(isSecret));
  const found = await Promise.all([...secrets].map((secret) => sessions.find(secret)));
  return found.filter((live) => live !== null);
}

async function endSessions(source: SessionSource, request: Request): Promise<void> {
  for (const { id } of await findSessions(source, request)) await source.sessions.end(id);
}

/** A session as its user gets it: with a new session token. */
async function mintSession({ tokens }: Pick<SignInOptions, "tokens">, live: LiveSession, user: KnownUser): Promise<Session> {
  return { ...(await tokens.mintSessionToken(live)), viewer: toViewer(user) };
}

async function getUser(users: SignInOptions["users"], id: string): Promise<KnownUser> {
  const user = await users.find(id);
  if (!user) throw unauthenticated("This user no longer exists: sign in again with login.");
  return user;
}

/** Signing in and out for one request: cookies are appended to the answer's `headers`. */
export function bindSignIn(
  signIn: Pick<SignIn, "login" | "refresh" | "logout">,
  { request, headers, limits }: { request: Request; headers: AnswerCookies; limits: RequestLimits },
): BoundSessions {
  const keep = <Answer extends { setCookies: string[] }>(answer: Answer): Answer => {
    for (const cookie of answer.setCookies) headers.append("set-cookie", cookie);
    return answer;
  };
  return {
    login: async (userToken) => keep(await signIn.login(userToken, request, limits)).session,
    refresh: async () => keep(await signIn.refresh(request, limits)).session,
    logout: async () => void keep(await signIn.logout(request, limits)),
  };
}

const FOREIGN_PAGE = "The origin of this page is not one of the platform's web origins: add it to web_origins in the configuration.";

/** A page of another origin could sign its visitors in as another user. Requests without `Origin` are no page's. Throws FORBIDDEN. */
export function assertPermittedPage(origins: OriginCheck, request: Request): void {
  const origin = request.headers.get("origin");
  if (origin !== null && !origins.isValid(origin)) throw forbidden(FOREIGN_PAGE);
}

/**
 * What the cookie alone may do is done only for the platform's own pages. Browsers send `Origin` with every POST (fetch.spec.whatwg.org,
 * "append a request Origin header"); one that leaves it out must say that the page is the gateway's own (`Sec-Fetch-Site: same-origin`). Throws FORBIDDEN.
 */
export function assertOwnPage(origins: OriginCheck, request: Request): void {
  const origin = request.headers.get("origin");
  const isOwn = origin === null ? request.headers.get("sec-fetch-site") === "same-origin" : origins.isValid(origin);
  if (!isOwn)
    throw forbidden(origin === null ? "This request needs an Origin header: only web pages of the platform may send it." : FOREIGN_PAGE);
}

const toViewer = ({ id, groupId, name }: KnownUser): Viewer => ({ userId: id, groupId, name });
