/** What an adapter answers, made of what it knows. The rest is told as unknown. */
import type { AccessToken, AccessTokenOutcome, Authorization, Connection } from "../../../schema/upstream.ts";
import { fingerprintOf } from "../../vault/sealed-columns.ts";

const unknown: Omit<Authorization, "id" | "connectionId" | "status"> = {
  displayLabel: null,
  errorCode: null,
  errorMessage: null,
  health: null,
  healthCode: null,
  healthChangedAt: null,
  problem: null,
  connectedAt: null,
  connectedBy: null,
  scopes: [],
  missingScopes: [],
  expiresAt: null,
  authorizeUrl: null,
  state: null,
  collect: null,
};

/** The grant behind a connection. */
export const createAuthorization = (
  known: Pick<Authorization, "id" | "connectionId" | "status"> & Partial<Authorization>,
): Authorization => ({ ...unknown, ...known });

/** The outcome of a token that works. `tokenType` is `bearer` unless it is stated. */
export const accessToken = (
  connection: Connection,
  known: Pick<AccessToken, "value" | "expiresAt"> &
    Partial<Pick<AccessToken, "tokenType" | "fields" | "apiBaseUrl" | "authorizationHeader">>,
): Extract<AccessTokenOutcome, { type: "AccessToken" }> => ({
  type: "AccessToken",
  tokenType: "bearer",
  fields: null,
  ...known,
  scopes: connection.authorization?.scopes ?? [],
  missingScopes: connection.authorization?.missingScopes ?? [],
  fingerprint: fingerprintOf(known.value),
  connection,
});
