import { Client, type Exchange, fetchExchange, makeOperation, mapExchange } from "@urql/core";
import { authExchange } from "@urql/exchange-auth";
import { createActiveQueries } from "./api/active-queries.ts";
import { subscriptionExchange } from "./api/api-exchange.ts";
import { createApi } from "./api/api.ts";
import { toXkitError, XkitError } from "./api/errors.ts";
import { createSession, type Session, type SessionOptions } from "./session/session.ts";

/** Either where the gateway is, or a session that another client already uses. */
export type ClientOptions = (SessionOptions | { session: Session }) & {
  /** Further urql exchanges, run before signing in and fetching: `documentCache` for pages. Default: none, nothing is cached. */
  exchanges?: Exchange[];
};

const typedErrors = mapExchange({
  onResult: (result) => (!result.error || result.error instanceof XkitError ? result : { ...result, error: toXkitError(result.error) }),
});

/** Notes as whom an operation is started, before it may wait for a renewal. */
const stamped = (session: Session): Exchange =>
  mapExchange({
    onOperation: (operation) => makeOperation(operation.kind, operation, { ...operation.context, viewerId: session.viewer?.id }),
  });

const isStill = (session: Session, viewerId: unknown) => viewerId === undefined || viewerId === session.viewer?.id;

const signedIn = (session: Session): Exchange =>
  authExchange(async (utilities) => ({
    // What was started as one user is not sent as another: without Authorization the gateway refuses it.
    addAuthToOperation: (operation) =>
      session.authorization && isStill(session, operation.context["viewerId"])
        ? utilities.appendHeaders(operation, { authorization: session.authorization })
        : operation,
    willAuthError: () => session.stale,
    didAuthError: (error) => !!session.token && toXkitError(error).code === "UNAUTHENTICATED",
    refreshAuth: () => session.renew(),
  }));

/**
 * A urql client of one gateway: it signs in and renews its session by itself, its errors are XkitErrors, and subscriptions
 * come as server-sent events. A subscription whose stream breaks comes back by itself, and the queries that are watched are asked again
 * then: what changed meanwhile is not told. Give it the exported `TypedDocumentNode`s or your own operations.
 * Throws TypeError when `url` is none.
 */
export function createClient(options: ClientOptions): Client {
  const session = "session" in options ? options.session : createSession(options);
  const queries = createActiveQueries();
  const further = options.exchanges ?? [];
  const subscriptions = subscriptionExchange(createApi(session), queries.refetch);
  return new Client({
    url: `${session.url}/graphql`,
    exchanges: [typedErrors, queries.exchange, ...further, subscriptions, stamped(session), signedIn(session), fetchExchange],
    preferGetMethod: false,
    fetchSubscriptions: true,
    fetchOptions: { credentials: "include" },
    fetch: session.fetch,
  });
}
