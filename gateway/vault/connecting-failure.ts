import { forbidden, GatewayError } from "../../schema/errors.ts";
import { describeProblem, toSentence } from "../../schema/problems.ts";
import type { Account } from "../oauth/account.ts";
import type { TokenFailure } from "../oauth/result.ts";
import type { AuthorizationRow } from "../store/tables.ts";
import type { StartedConnection } from "./connections.ts";
import { MOVED_MEANWHILE } from "./current-owner.ts";
import { relationTo } from "./same-account.ts";

/** Why connecting failed. */
export interface ConnectingFailure {
  code: string;
  /** For servers and the log: with what the provider said. */
  message: string;
}

export const disconnectedMeanwhile: ConnectingFailure = {
  code: "disconnected",
  message: "It was disconnected while it was being connected: connect again if that was not intended.",
};

export const movedMeanwhile: ConnectingFailure = { code: "moved", message: MOVED_MEANWHILE };

export const wrongCallback: ConnectingFailure = {
  code: "invalid_callback",
  message: "The provider sent the user back without what its token request needs, or with a value that is not allowed there: start again.",
};

export const internalError: ConnectingFailure = {
  code: "internal",
  message: "Something went wrong here while connecting: start again.",
};

const RETRY_AFTER_SECONDS = 10;

/** Why nothing was started: the provider takes no authorization request. */
export function requestRefused(name: string, { kind, code, retryAfterSeconds }: TokenFailure): GatewayError {
  const sentence = toSentence(describeProblem(name, code, "attempt"));
  if (kind === "temporary")
    return new GatewayError("TEMPORARILY_UNAVAILABLE", sentence, { retryAfter: retryAfterSeconds ?? RETRY_AFTER_SECONDS });
  return kind === "misconfigured" ? new GatewayError("CONNECTOR_MISCONFIGURED", sentence) : forbidden(sentence);
}

/**
 * Whether the account of a failed grant may serve this or another connection. Such a grant is not revoked, as some providers (Google)
 * revoke everything that an account has granted to a client. The new tokens are dropped.
 */
export const mayServeElsewhere = ({ code }: ConnectingFailure): boolean => code === "account_unknown" || code === "account_mismatch";

/** A connection whose account is known is not handed to another one, nor to one that the provider did not name. */
export function objectionTo(
  started: StartedConnection,
  previous: AuthorizationRow | null,
  account: Account | null,
): ConnectingFailure | null {
  if (!previous?.account_id) return null;
  const relation = relationTo(started, previous, account);
  if (relation === "unknown") return accountUnknown(started, previous);
  return relation === "other" ? accountMismatch(started, previous, account) : null;
}

const accountUnknown = ({ connector }: StartedConnection, previous: AuthorizationRow): ConnectingFailure => ({
  code: "account_unknown",
  message: `${connector.name} did not say whose account this is, so the connection stays as it was (${previous.display_label ?? previous.account_id}): try again.`,
});

const accountMismatch = ({ connector }: StartedConnection, previous: AuthorizationRow, account: Account | null): ConnectingFailure => ({
  code: "account_mismatch",
  message: `This is another ${connector.name} account than before (${account?.label ?? account?.id}, not ${previous.display_label ?? previous.account_id}): choose that one, or disconnect first.`,
});
