import { notFound, type Refusal } from "../../schema/errors.ts";
import type { Connection } from "../../schema/upstream.ts";
import { isDevice } from "../oauth/device.ts";
import { exchangeCode } from "../oauth/exchange.ts";
import type { AttemptRow } from "../store/tables.ts";
import { assertSameVisitor, openSecrets, type Visitor } from "./attempts.ts";
import { type ConnectingFailure, internalError } from "./connecting-failure.ts";
import type { Activated } from "./activation.ts";
import { type StartedConnection, toConnection } from "./connections.ts";
import { failStarted, requestFirst, storeFirst } from "./first-tokens.ts";
import { assertSigned } from "./provider-start.ts";
import { type ConnectingParts, readStarted } from "./started-connections.ts";

/** Where a visit to a provider ended. */
export interface Finished {
  connection: Connection;
  returnTo: string | null;
  failure: ConnectingFailure | null;
  /** The connection that it was started for, where the user came back with another account, which has one of its own. */
  instead: Connection | null;
}

const NO_WAY_BACK: Refusal = ({ refusals }) => refusals.noWayBack;

/** A provider's callback, and what it answers. */
interface Visit {
  attempt: AttemptRow;
  started: StartedConnection;
  callback: URLSearchParams;
}

/** The second half of connecting: the provider's callback becomes the connection's tokens, or a failure. */
export function createFinish(parts: ConnectingParts) {
  const { attempts, activation, connectors, connections, clock, metadataOf, publicUrl } = parts;

  /** @param onStoreAway called when the first tokens wait for a store that is away: the visitor need not. */
  return async function finish(slug: string, callback: URLSearchParams, visitor: Visitor, onStoreAway: () => void): Promise<Finished> {
    const connector = connectors.get(slug);
    if (connector?.oauth && isDevice(connector.oauth.provider)) throw notFound(NO_WAY_BACK);
    assertSigned(parts, connector, callback);
    const attempt = await attempts.get(stateOf(callback), slug);
    assertSameVisitor(attempt, visitor);
    const started: StartedConnection = { ...(await readStarted(parts, attempt)), from: visitor.from };
    await attempts.use(attempt);
    const activated = await exchangeAndStore(parts, { attempt, started, callback }, onStoreAway).catch(async (error: unknown) => {
      // The state is used up, so this authorization cannot be finished: those who watch it are told.
      await activation.fail(started, internalError);
      throw error;
    });
    const { failure } = activated;
    if (failure) await failStarted(parts, started, failure);
    const startedFor = started.connection.id;
    const connectionId = activated.failure ? startedFor : activated.connectionId;
    const view = { clock, metadataOf, publicUrl, reader: attempt.user_id };
    const show = async (id: string) => toConnection((await connections.read(id)) ?? started, view);
    const instead = connectionId === startedFor ? null : await show(startedFor);
    return { connection: await show(connectionId), returnTo: attempt.return_to, failure, instead };
  };
}

const stateOf = (callback: URLSearchParams): string => callback.get("state") ?? "";

async function exchangeAndStore(
  parts: ConnectingParts,
  { attempt, started, callback }: Visit,
  onStoreAway: () => void,
): Promise<Activated> {
  const { oauth } = started.connector;
  if (!oauth) throw notFound(NO_WAY_BACK);
  if (callback.has(oauth.provider.codeParam)) await parts.activation.markRetrieving(started);
  const { verifier } = openSecrets(parts, attempt);
  const cameBack = { redirectUri: attempt.redirect_uri, callbackParams: callback, expectedState: stateOf(callback), verifier };
  const result = await requestFirst(parts, started, callback, (request) => exchangeCode({ ...request, ...cameBack }));
  return result.ok ? storeFirst(parts, started, attempt.user_id, result.granted, onStoreAway) : { failure: result.failure };
}
