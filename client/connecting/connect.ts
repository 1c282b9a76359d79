import type { Api } from "../api/api.ts";
import { openConnectWindow, settled } from "./connect-window.ts";
import { BadUserInputError, ConnectError, xkitError } from "../api/errors.ts";
import { ConnectDocument, ConnectionDocument, SubmitAuthorizationDocument } from "../generated/graphql.ts";
import type { CollectForm, Connection, DeviceCode, EndedAuthorization, StartedAuthorization, StartedConnection } from "../api/types.ts";

/** What to ask of the user before, or instead of, a visit to the provider. */
export interface CollectRequest {
  connection: Connection;
  form: CollectForm;
  /** What is wrong with the values given before, as a sentence; null the first time. */
  problem: string | null;
  /** The same as the error: where one value is wrong, `facts.path` names it by its place among them, as `fields.0.value`. */
  refusal: BadUserInputError | null;
}

export interface ConnectOptions {
  /** Connect in a popup instead of leaving this page. Default: false. */
  popup?: boolean;
  /**
   * The browser has blocked the popup: say so, and show this address as a link that opens in a new tab, until connecting ends.
   * Default: this page leaves.
   */
  onBlocked?: (url: string) => void;
  /** Where the browser ends: a URL of one of the platform's web origins, or the path of a page of the gateway. Default: this page. */
  returnTo?: string;
  /** What to ask for, beside what is granted already. Default: the connector's scopes. */
  scopes?: string[];
  /** The kind of token that `scopes` are for, if one connection has several. Default: the connector's. */
  kind?: string;
  /** The email address of the user who is expected to sign in at the provider. */
  loginHint?: string;
  /** Stops waiting; what was started can still succeed. */
  signal?: AbortSignal;
  /** Asks the user for an API key or the like in your own page; reject to cancel. Default, and in a popup: the gateway's page does. */
  collect?: (request: CollectRequest) => Promise<Record<string, string>>;
  /** Shows the code that the user enters at the provider in your own page, until this resolves. Default, and in a popup: the gateway's page does. */
  showCode?: (code: DeviceCode, connection: Connection) => void;
}

export interface StartOptions {
  /** An existing connection to reconnect, or a new UUID to add another. Default, and where the connector supports one: the one that exists, else a new one. */
  id?: string;
  returnTo?: string;
  /** What to ask for, beside what is granted already. Default: the connector's scopes. */
  scopes?: string[] | undefined;
  kind?: string | undefined;
  /** The email address of the user who is expected to sign in at the provider. */
  loginHint?: string | undefined;
}

export type Connect = (slug: string, id: string | undefined, options?: ConnectOptions) => Promise<Connection>;

/** Hands in collected fields. Throws BadUserInputError when one is wrong. */
export async function submitFields(api: Api, state: string, values: Record<string, string>): Promise<StartedAuthorization> {
  const fields = Object.entries(values).map(([name, value]) => ({ name, value }));
  return (await api.request(SubmitAuthorizationDocument, { state, fields })).submitAuthorization;
}

/** Starts connecting, and nothing else. */
export const startConnecting = async (api: Api, slug: string, options: StartOptions = {}): Promise<StartedConnection> =>
  (await api.request(ConnectDocument, { slug, ...options })).connect;

/** Asks again until the gateway takes the values. */
async function fillIn(
  api: Api,
  connection: Connection,
  form: CollectForm,
  state: string,
  { collect, signal }: { collect: NonNullable<ConnectOptions["collect"]>; signal: AbortSignal | undefined },
): Promise<StartedAuthorization> {
  let refusal: BadUserInputError | null = null;
  for (;;) {
    const values = await collect({ connection, form, problem: refusal && refusal.message, refusal });
    try {
      return await submitFields(api, state, values);
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof BadUserInputError)) throw error;
      refusal = error;
    }
  }
}

/** What makes `xkit.connect` and its like; `onConnected` hears of each success. */
export function createConnect(api: Api, onConnected: (connection: Connection) => void): Connect {
  async function finish(started: Connection, end: EndedAuthorization): Promise<Connection> {
    if (end.status !== "ACTIVE")
      throw new ConnectError(end.errorCode ?? "error", end.errorMessage ?? "Connecting did not succeed.", end.problem);
    // Another one, where the user came back with another account than was reconnected.
    const { connection } = await api.request(ConnectionDocument, { where: { id: end.connectionId ?? started.id } });
    if (!connection) throw xkitError("NOT_FOUND", "The connection was removed in the meantime.");
    onConnected(connection);
    return connection;
  }

  return async (slug, id, { popup = false, onBlocked, returnTo, signal, collect, showCode, ...asked } = {}) => {
    const window = openConnectWindow(slug, popup, onBlocked);
    try {
      const started = await startConnecting(api, slug, {
        ...(id !== undefined && { id }),
        returnTo: returnTo ?? window.returnTo,
        ...asked,
      });
      let { authorization } = started;
      signal?.throwIfAborted();
      if (!authorization) return started;
      if (authorization.collect && authorization.state && collect && !popup) {
        authorization = await fillIn(api, started, authorization.collect, authorization.state, { collect, signal });
        signal?.throwIfAborted();
      }
      if (authorization.status !== "AWAITING_CALLBACK") return await finish(started, authorization);
      const code = !popup && showCode && authorization.deviceCode;
      if (code) showCode(code, started);
      return await finish(started, await (code ? settled : window.visit)(api, { ...started, authorization }, signal));
    } finally {
      window.close();
    }
  };
}
