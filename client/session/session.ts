import { parseGatewayUrl } from "../api/gateway-url.ts";
import { createTransport } from "../api/transport.ts";
import type { TokenCallback, Viewer } from "../api/types.ts";
import { LogoutDocument } from "../generated/graphql.ts";
import { parseLocale } from "../languages/locale.ts";
import { adopt, isDue, type SessionState } from "./session-state.ts";
import { createSignInTurns } from "./sign-in-turns.ts";
import { forget, login, remember, resume, type UserTokens } from "./sign-in.ts";

export interface SessionOptions {
  /** Where the gateway is, as `https://connect.example.com`. */
  url: string;
  /** Gives a user token for the user of the page: at the first request, and when the session has ended. Default: the session's cookie alone. */
  getToken?: TokenCallback;
  /** Default: the runtime's own. */
  fetch?: typeof fetch;
  /**
   * A BCP 47 tag such as `de` or `en-GB`: the language of the catalog, of what the gateway says to end users, and of dates.
   * English and German are spoken. `de_DE` is taken for `de-DE`; what is no tag is ignored, and the console warns of it.
   * Default: English in the catalog, else what the browser's user prefers.
   */
  locale?: string;
}

/** Who is signed in here, shared by every client made from it. The session token lives in memory only. */
export interface Session {
  readonly url: string;
  readonly fetch: typeof fetch;
  /** The language of what is asked from now on, as a BCP 47 tag; undefined where the browser says it. Set as `SessionOptions.locale`. */
  locale: string | undefined;
  /** The signed-in user; null when no user is, undefined before the first answer. */
  readonly viewer: Viewer | null | undefined;
  /** The session token, or null. */
  readonly token: string | null;
  /** What goes into the Authorization header, or null. */
  readonly authorization: string | null;
  /** Whether renew should run before the next request. */
  readonly stale: boolean;
  /**
   * Resumes the session of the page's user: by cookie, else by a user token, else is signed out. One at a time.
   * Throws when it cannot find out, or the callback's token is refused.
   */
  renew: () => Promise<void>;
  /** Signs in. `later` gives user tokens when the session has ended; default: `first`. Throws when the gateway refuses. */
  login: (first: string | TokenCallback, later?: TokenCallback) => Promise<void>;
  /** Forgets the session here at once, and ends it at the gateway after what is under way. Throws when the gateway cannot be told. */
  logout: () => Promise<void>;
  /** Grows when another user takes the place of a known one, or of none: what was read before is then void. */
  readonly generation: number;
  /** Calls back when another user, or none, is signed in. Returns what stops it. */
  onChange: (listener: (viewer: Viewer | null) => void) => () => void;
}

/** A session at one gateway. Asks nothing before it is needed. Throws TypeError when `url` is no address of a gateway. */
export function createSession(options: SessionOptions): Session {
  const url = parseGatewayUrl(options.url);
  const fetch: typeof globalThis.fetch = options.fetch ?? ((...args) => globalThis.fetch(...args));
  const transport = createTransport(url, fetch);
  const state: SessionState = { current: undefined, generation: 0, renewedAt: 0, listeners: new Set() };
  const turns = createSignInTurns((session) => adopt(state, session));
  const userTokens: UserTokens = { callback: options.getToken, held: null };
  let locale = parseLocale(options.locale);

  return {
    url,
    fetch,
    get locale() {
      return locale;
    },
    set locale(tag) {
      locale = parseLocale(tag);
    },
    get viewer() {
      return state.current && state.current.viewer;
    },
    get token() {
      return state.current?.token ?? null;
    },
    get authorization() {
      return state.current ? `Bearer ${state.current.token}` : null;
    },
    get stale() {
      return !!turns.flight || state.current === undefined || isDue(state, !!userTokens.callback);
    },
    get generation() {
      return state.generation;
    },
    renew: () => turns.flight ?? turns.signIn(() => resume(transport, userTokens, state.current), false),
    login: (first, later) =>
      turns.signIn(async () => {
        remember(userTokens, first, later);
        return login(transport, typeof first === "string" ? first : await first());
      }, true),
    async logout() {
      forget(userTokens);
      await turns.signOut(() => transport.request(LogoutDocument, {}));
    },
    onChange(listener) {
      state.listeners.add(listener);
      return () => state.listeners.delete(listener);
    },
  };
}
