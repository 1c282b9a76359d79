import { ForbiddenError, UnauthenticatedError } from "../api/errors.ts";
import { tellAll } from "../api/events.ts";
import { LoginDocument, LogoutDocument, RefreshSessionDocument, type SessionPartsFragment } from "../generated/graphql.ts";
import { createTransport } from "../api/transport.ts";
import type { TokenCallback, Viewer } from "../api/types.ts";

/** A session token with less life than this is renewed before it is sent. */
const RENEWAL_MARGIN_MS = 15_000;
/** Least time between two renewals that only the clock asks for: a wrong clock must not cost a renewal per request. */
const RENEWAL_PAUSE_MS = 30_000;

export interface SessionOptions {
  /** Where the gateway is, as `https://connect.example.com`. */
  url: string;
  /** Gives a user token for the user of the page: at the first request, and when the session has ended. Default: the session's cookie alone. */
  getToken?: TokenCallback;
  /** For servers: an API key. Never in a page: the gateway refuses it there. */
  apiKey?: { publishable: string; secret: string };
  /** Default: the runtime's own. */
  fetch?: typeof fetch;
}

/** Who is signed in here, shared by every client made from it. The session token lives in memory only. */
export interface Session {
  readonly url: string;
  readonly fetch: typeof fetch;
  /** The signed-in user; null when nobody is, undefined before the first answer. */
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
  /** Grows when another user takes the place of a known one, or of nobody: what was read before is then void. */
  readonly generation: number;
  /** Calls back when somebody else, or nobody, is signed in. Returns what stops it. */
  onChange: (listener: (viewer: Viewer | null) => void) => () => void;
}

const base64 = (text: string) => btoa(String.fromCodePoint(...new TextEncoder().encode(text)));

/** A session at one gateway. Asks nothing before it is needed. Throws TypeError when `url` is none. */
export function createSession(options: SessionOptions): Session {
  const url = new URL(options.url).href.replace(/\/+$/, "");
  const fetch: typeof globalThis.fetch = options.fetch ?? ((...args) => globalThis.fetch(...args));
  const basic = options.apiKey && `Basic ${base64(`${options.apiKey.publishable}:${options.apiKey.secret}`)}`;
  const transport = createTransport(url, fetch);
  const listeners = new Set<(viewer: Viewer | null) => void>();
  let signIn: TokenCallback | undefined = options.getToken;
  /** A user token given as a string serves until the gateway refuses it; a callback is asked each time. */
  let held: string | null = null;
  let current: SessionPartsFragment | null | undefined = basic ? null : undefined;
  let renewedAt = 0;
  let flight: Promise<void> | null = null;
  /** Ends with the last exchange that may set the cookie: one at a time, or the cookie would be of another session than memory. */
  let exchange: Promise<unknown> = Promise.resolve();
  /** Grows with every login and logout: an older answer is then dropped. */
  let epoch = 0;
  let generation = 0;

  function adopt(next: SessionPartsFragment | null): void {
    const before = current;
    current = next;
    renewedAt = Date.now();
    if (before?.viewer.id === next?.viewer.id && before !== undefined) return;
    if (before !== undefined) generation++;
    tellAll(listeners, next?.viewer ?? null);
  }

  const loginWith = async (token: string): Promise<SessionPartsFragment> =>
    (await transport.request({ document: LoginDocument, variables: { token } })).login;

  /** The cookie is the browser's, and may be of somebody who was here before, or in another tab: it serves a page that knows its user for that one alone. */
  async function resume(): Promise<SessionPartsFragment | null> {
    if (current === undefined && signIn) return loginWith(await signIn());
    const resumed = await resumeByCookie();
    if (resumed && resumed.viewer.id === current?.viewer.id) return resumed;
    if (signIn) return loginWith(await signIn());
    return held === null ? resumed : resumeHeld(held);
  }

  async function resumeByCookie(): Promise<SessionPartsFragment | null> {
    try {
      return (await transport.request({ document: RefreshSessionDocument, variables: {} })).refreshSession;
    } catch (error) {
      if (!(error instanceof UnauthenticatedError || error instanceof ForbiddenError)) throw error;
      return null;
    }
  }

  async function resumeHeld(token: string): Promise<SessionPartsFragment | null> {
    try {
      return await loginWith(token);
    } catch (error) {
      if (!(error instanceof UnauthenticatedError)) throw error;
      held = null;
      return null;
    }
  }

  /** Runs one sign-in at a time; `endedBy` says which failures mean that nobody is signed in any more. */
  function fly(run: () => Promise<SessionPartsFragment | null>, endedBy: (error: unknown) => boolean): Promise<void> {
    const mine = ++epoch;
    const flown = next(run)
      .then(
        // A later login or logout counts instead, also for who waits for this one.
        (session) => (mine === epoch ? adopt(session) : settled()),
        (error: unknown) => {
          if (mine !== epoch) return settled();
          if (endedBy(error)) adopt(null);
          throw error;
        },
      )
      .finally(() => {
        if (flight === flown) flight = null;
      });
    flight = flown;
    return flown;
  }

  const settled = (): Promise<void> => flight ?? Promise.resolve();

  function next<Result>(run: () => Promise<Result>): Promise<Result> {
    const result = exchange.then(run);
    exchange = result.catch(() => {});
    return result;
  }

  return {
    url,
    fetch,
    get viewer() {
      return current && current.viewer;
    },
    get token() {
      return current?.token ?? null;
    },
    get authorization() {
      return basic ?? (current ? `Bearer ${current.token}` : null);
    },
    get stale() {
      if (flight || current === undefined) return true;
      const now = Date.now();
      // With a callback nobody is signed out for good: it is asked again.
      const isSpent = current ? Date.parse(current.expiresAt) - now < RENEWAL_MARGIN_MS : signIn !== undefined;
      return isSpent && now - renewedAt > RENEWAL_PAUSE_MS;
    },
    get generation() {
      return generation;
    },
    renew: () => flight ?? fly(resume, (error) => error instanceof UnauthenticatedError),
    login: (first, later) =>
      fly(
        async () => {
          signIn = later ?? (typeof first === "string" ? undefined : first);
          held = typeof first === "string" ? first : null;
          return loginWith(typeof first === "string" ? first : await first());
        },
        () => true,
      ),
    async logout() {
      epoch++;
      signIn = undefined;
      held = null;
      flight = null;
      adopt(null);
      await next(() => transport.request({ document: LogoutDocument, variables: {} }));
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
