import { Client, type Exchange, fetchExchange, mapExchange } from "@urql/core";
import { createActiveQueries } from "./api/active-queries.ts";
import { subscriptionExchange } from "./api/api-exchange.ts";
import { createApi } from "./api/api.ts";
import { toXkitError, XkitError } from "./api/errors.ts";
import { sendInSession } from "./session/send-in-session.ts";
import { createSession, type Session, type SessionOptions } from "./session/session.ts";

/** Either where the gateway is, or a session that another client already uses. */
export type ClientOptions = (SessionOptions | { session: Session }) & {
  /** Further urql exchanges, run before signing in and fetching: `documentCache` for pages. Default: none, nothing is cached. */
  exchanges?: Exchange[];
};

const typeErrors: Exchange = (input) =>
  mapExchange({
    onResult: (result) => (!result.error || result.error instanceof XkitError ? result : { ...result, error: toXkitError(result.error) }),
  })(input);

/** `fetch` with the session's token. */
const signedFetch =
  (session: Session): typeof fetch =>
  (input, init) =>
    sendInSession(session, (authorization) => {
      const headers = new Headers(init?.headers);
      if (authorization) headers.set("authorization", authorization);
      if (session.locale && !headers.has("accept-language")) headers.set("accept-language", session.locale);
      return session.fetch(input, { ...init, headers });
    });

/**
 * A urql client of one gateway: it signs in and renews its session by itself, its errors are XkitErrors, and subscriptions
 * come as server-sent events. A subscription whose stream breaks comes back by itself, and the queries that are watched are asked again
 * then: what changed meanwhile is not told. Give it the exported `TypedDocumentNode`s or your own operations.
 * Throws TypeError when `url` is no address of a gateway.
 */
export function createClient(options: ClientOptions): Client {
  const session = "session" in options ? options.session : createSession(options);
  const queries = createActiveQueries();
  const subscriptions = subscriptionExchange(createApi(session), queries.refetch);
  return new Client({
    url: `${session.url}/graphql`,
    exchanges: [typeErrors, queries.exchange, ...(options.exchanges ?? []), subscriptions, fetchExchange],
    preferGetMethod: false,
    fetchOptions: { credentials: "include" },
    fetch: signedFetch(session),
  });
}
