/** The words of the REST contract that stand for one of a few things: what `rest/` writes and the `xkit` adapter reads. */
import { z } from "zod";
import type {
  AuthorizationStatus,
  GrantRevocation,
  Health,
  ImportStatus,
  MovedConnectionStatus,
  Owner,
  ReconnectReason,
  RefreshStatus,
} from "../../../schema/upstream.ts";

export const authorizationStatusWord = z.enum([
  "awaiting_callback",
  "retrieving_tokens",
  "active",
  "error",
] as const satisfies readonly AuthorizationStatus[]);

export const healthWord = z.enum(["working", "unavailable", "misconfigured", "reconnect_required"] as const satisfies readonly Health[]);

/** Why a connection carries no token, where connecting would mend it or nothing may. */
export const tokenProblemWord = z.enum(["NOT_CONNECTED", "RECONNECT_REQUIRED", "SCOPES_MISSING", "TOKEN_WITHHELD"]);

export const reconnectReasonWord = z.enum([
  "REVOKED",
  "RESTORED_BACKUP",
  "EXPIRED",
  "TOKEN_REJECTED",
  "CLIENT_CHANGED",
] as const satisfies readonly ReconnectReason[]);

export const ownerKindWord = z.enum(["user", "group"] as const satisfies readonly Owner["kind"][]);

/** The result of a refresh that a server requested. */
export const refreshStatusWord = z.enum([
  "refreshed",
  "still_fresh",
  "not_refreshable",
  "not_connected",
  "disabled",
  "reconnect_required",
  "temporarily_unavailable",
  "connector_misconfigured",
] as const satisfies readonly RefreshStatus[]);

/** What a connection is to a user who has moved. */
export const movedConnectionWord = z.enum(["left_with_group", "kept_unseen", "seen"] as const satisfies readonly MovedConnectionStatus[]);

/** The result of revoking a deleted grant at its provider. */
export const grantRevocationWord = z.enum([
  "revoked",
  "nothing",
  "failed",
  "unknown_connector",
] as const satisfies readonly GrantRevocation[]);

/** The result of importing a connection. */
export const importStatusWord = z.enum(["imported", "skipped", "kept", "refused"] as const satisfies readonly ImportStatus[]);
