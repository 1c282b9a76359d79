import { createApi } from "./api/api.ts";
import { type CatalogDialog, type CatalogDialogOptions, openCatalogDialog } from "./catalog-dialog.ts";
import { xkitError } from "./api/errors.ts";
import { createEmitter, type XkitEventType, type XkitListener } from "./api/events.ts";
import { createLiveFeed } from "./api/live.ts";
import { createReadings, type Readings } from "./api/readings.ts";
import { type AccessTokenResult, isAccessToken, type TokenCallback } from "./api/types.ts";
import type { ConnectionName } from "./api/where.ts";
import { type ConnectionActions, createConnectionActions } from "./connecting/connection-actions.ts";
import { AccessTokenDocument } from "./generated/graphql.ts";
import { createAccessTokens, type TokenOptions } from "./session/access-tokens.ts";
import type { XkitRequestInit } from "./session/api-request.ts";
import { createSession, type Session, type SessionOptions } from "./session/session.ts";
import { createTokenFetch } from "./session/token-fetch.ts";

export type XkitOptions = Omit<SessionOptions, "url">;

/**
 * The connections of a signed-in user. Every method can be taken off the object.
 * They throw XkitErrors; see errors.ts for what each code means.
 */
export interface Xkit extends Readings, ConnectionActions {
  readonly url: string;
  /** Who is signed in. For operations of your own: `createClient({ session: xkit.session })`. */
  readonly session: Session;
  /** Runs `start` now: the script-tag bundle is ready when it has loaded. */
  ready: (start: () => unknown) => void;
  /** Signs in with a user token, or with what gives one. Throws when it is refused, unlike xkit.js. `later` gives further tokens once the session has ended. */
  login: (token: string | TokenCallback, later?: TokenCallback) => Promise<void>;
  /** Signs out, here and at the gateway, and forgets every token. */
  logout: () => Promise<void>;
  /**
   * The page where the user connects, repairs or disconnects the connector, in the language of the `locale`. `returnTo`: where it leads back
   * to, a URL of one of the platform's web origins.
   */
  connectorUrl: (slug: string, options?: { returnTo?: string }) => string;
  /** A session token: what authenticates at the gateway, not at a third party. Throws UnauthenticatedError. */
  getAccessToken: () => Promise<string>;
  /** A live access token, or the exact reason why there is none. */
  getToken: (name: ConnectionName, options?: TokenOptions) => Promise<AccessTokenResult>;
  /** A live access token, or null when connecting would give one, or it is withheld. Throws what the user cannot mend. */
  getConnectionToken: (name: ConnectionName, options?: TokenOptions) => Promise<string | null>;
  /**
   * Calls the provider's API with the connection's token: `input` is a path below `AccessToken.apiBaseUrl`, or an absolute URL of that
   * origin, or of `init.origin`. Any origin, where the base is not known. The token goes into the header that the API takes it by
   * (`AccessToken.authorizationHeader`); one that is not `Authorization` follows no redirect. A 401 is answered with a new token, once, unless the body is a stream:
   * such a request cannot be sent again, so its 401 is returned and the next call brings the new token.
   * Throws NoAccessTokenError when there is no token to send, and TypeError for an address that the token is not for.
   */
  fetch: (name: ConnectionName, input: string | URL | Request, init?: XkitRequestInit) => Promise<Response>;
  /**
   * Shows the catalog in a modal dialog over the page; the gateway's own code for it is loaded at the first call. Resolves when it is there.
   * What is connected in it is told by `connection:enable`, what is disconnected by `connection:remove`. With a Content-Security-Policy,
   * `script-src` must name the gateway. Throws TypeError where there is no page, and NetworkError where it cannot be loaded.
   */
  openCatalog: (options?: CatalogDialogOptions) => Promise<CatalogDialog>;
  on: <Type extends XkitEventType>(type: Type, listener: XkitListener<Type>) => void;
  off: <Type extends XkitEventType>(type: Type, listener: XkitListener<Type>) => void;
}

const errorCodes: Partial<Record<AccessTokenResult["__typename"], string>> = {
  TemporarilyUnavailable: "TEMPORARILY_UNAVAILABLE",
  MinimumTtlUnavailable: "MINIMUM_TTL_UNAVAILABLE",
  ConnectorMisconfigured: "CONNECTOR_MISCONFIGURED",
};

/** The token; null when connecting would give one, or it is withheld. Throws what the user cannot mend. */
function tokenOf(outcome: AccessTokenResult): string | null {
  if (isAccessToken(outcome)) return outcome.value;
  const { __typename: type, message, ...facts } = outcome;
  const code = errorCodes[type];
  if (code) throw xkitError(code, message, { facts });
  return null;
}

/**
 * The gateway at `url`, as `https://connect.example.com`. Asks nothing before its first method is called, and needs no browser.
 * Throws TypeError when `url` is no address of a gateway.
 */
export function createXkit(url: string, options: XkitOptions = {}): Xkit {
  const session = createSession({ url, ...options });
  const api = createApi(session);
  const tokens = createAccessTokens(async (variables) => (await api.request(AccessTokenDocument, variables)).accessToken);
  const emitter = createEmitter();
  /** Tokens in memory are of before what is told. */
  const tell: typeof emitter.emit = (type, event) => {
    tokens.clear();
    emitter.emit(type, event);
  };
  const live = createLiveFeed(api, session, (connection) => tell("connection:change", connection));
  session.onChange((viewer) => tell("config:update", { viewer }));

  const xkit: Xkit = {
    ...createReadings(api),
    ...createConnectionActions(api, tell),
    url: session.url,
    session,
    ready: (start) => void start(),
    async login(token, later) {
      tokens.clear();
      await session.login(token, later);
    },
    async logout() {
      tokens.clear();
      await session.logout();
    },
    connectorUrl(slug, { returnTo } = {}) {
      const { locale } = session;
      const query = new URLSearchParams({ ...(locale && { locale }), ...(returnTo && { returnTo }) });
      return `${session.url}/connectors/${encodeURIComponent(slug)}${query.size > 0 ? `?${query}` : ""}`;
    },
    async getAccessToken() {
      if (session.stale) await session.renew();
      if (!session.token) throw xkitError("UNAUTHENTICATED", "No user is signed in.");
      return session.token;
    },
    getToken: tokens.get,
    getConnectionToken: async (name, options) => tokenOf(await tokens.get(name, options)),
    fetch: createTokenFetch(tokens, session),
    openCatalog: (options = {}) => openCatalogDialog(xkit, options),
    on(type, listener) {
      emitter.on(type, listener);
      if (type === "connection:change") live.start();
    },
    off(type, listener) {
      emitter.off(type, listener);
      if (!emitter.isHeard("connection:change")) live.stop();
    },
  };
  return xkit;
}
