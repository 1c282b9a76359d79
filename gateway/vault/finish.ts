import { notFound } from "../../schema/errors.ts";
import { describeProblem } from "../../schema/problems.ts";
import type { Connection } from "../../schema/upstream.ts";
import { accountFromClaims } from "../oauth/account.ts";
import { exchangeCode } from "../oauth/exchange.ts";
import { fetchAccount } from "../oauth/userinfo.ts";
import { fillProvider } from "../providers/template.ts";
import type { AttemptRow } from "../store/tables.ts";
import { assertSameVisitor, type Visitor } from "./attempts.ts";
import { type StartedConnection, toConnection } from "./connections.ts";
import { logMisread } from "./refresh-result.ts";
import { retryAndSpool } from "./retry-while-store-away.ts";
import type { FirstTokens } from "./spool.ts";
import type { ConnectingParts } from "./started-connections.ts";

interface Failure {
  code: string;
  /** For servers and the log: with what the provider said. */
  message: string;
}

/** Where a visit to a provider ended. */
export interface Finished {
  connection: Connection;
  returnTo: string | null;
  failure: Failure | null;
}

/** The second half of connecting: the provider's callback becomes the connection's tokens, or a failure. */
export function createFinish({ attempts, activation, startedConnections, ...dependencies }: ConnectingParts) {
  const { connections, clock, log, spool, publicUrl, timeoutMs, signal } = dependencies;

  /** @param onStoreAway called when the first tokens wait for a store that is away: the visitor need not. */
  async function finish(slug: string, callback: URLSearchParams, visitor: Visitor, onStoreAway: () => void): Promise<Finished> {
    const state = callback.get("state") ?? "";
    const attempt = await attempts.get(state, slug);
    assertSameVisitor(attempt, visitor);
    const started = await startedConnections.read(attempt);
    await attempts.use(attempt);
    const failure = await exchange(started, attempt, state, callback, onStoreAway).catch(async (error: unknown) => {
      // The state is used up, so this authorization cannot be finished: those who watch it are told.
      await activation.fail(started, { code: "internal", message: "Something went wrong here while connecting: start again." });
      throw error;
    });
    if (failure) {
      const facts = { connection: started.connection.id, connector: slug, code: failure.code, reason: failure.message };
      // The user may decide so.
      log[describeProblem(started.connector.name, failure.code, "attempt").isAlarm ? "warn" : "info"](facts, "connecting failed");
      await activation.fail(started, failure);
    }
    const connection = (await connections.read(started.connection.id)) ?? started;
    return { connection: toConnection(connection, { clock, publicUrl, reader: attempt.user_id }), returnTo: attempt.return_to, failure };
  }

  async function exchange(
    started: StartedConnection,
    attempt: AttemptRow,
    state: string,
    callback: URLSearchParams,
    onStoreAway: () => void,
  ): Promise<Finished["failure"]> {
    const { oauth } = started.connector;
    if (!oauth) throw notFound("This connector has no provider to come back from.");
    if (callback.has("code")) await activation.mark(started, "retrieving_tokens");
    const provider = fillProvider(oauth.provider, startedConnections.openCollected(started));
    const verifier = attempts.openVerifier(attempt);
    const { client } = oauth;
    const knownIdPath = (await connections.read(started.connection.id))?.authorization?.account_id_path ?? null;
    const askedAt = clock.now();
    const result = await exchangeCode({
      provider,
      client,
      redirectUri: attempt.redirect_uri,
      callbackParams: callback,
      expectedState: state,
      verifier,
      askedAt,
      timeoutMs,
    });
    if (!result.ok) {
      if (result.missing !== null)
        log.warn({ connector: started.connector.slug, missing: result.missing }, "the provider's answer holds no tokens");
      return { code: result.code, message: result.message };
    }
    logMisread(log, started.connector.slug, result.tokens);
    const asked = await fetchAccount({ provider, accessToken: result.tokens.accessToken, knownIdPath, timeoutMs });
    const account = asked ?? accountFromClaims(provider, result.tokens.idTokenClaims, knownIdPath);
    const granted = { tokens: { ...result.tokens, idTokenClaims: null }, askedAt, account, isKnownToUserInfo: asked !== null };
    // A code works once: these tokens are the only ones that come of it.
    return retryAndSpool(
      { clock, signal, onStoreAway },
      (err) => keepFirst(started, attempt.user_id, granted, err),
      () => activation.withTokens(started, attempt.user_id, granted),
    );
  }

  function keepFirst(
    { connection, connector, authorization }: StartedConnection,
    userId: string,
    granted: FirstTokens["granted"],
    err: unknown,
  ): () => void {
    log.error({ connection: connection.id, connector: connector.slug, err }, "first tokens cannot be stored: they are kept in the spool");
    const { id: authorizationId, version } = authorization;
    return spool.keep({ connectionId: connection.id, authorizationId, version, userId, replaces: connection.authorization_id, granted });
  }

  return finish;
}
