import { plainName } from "../../client/design/plain-name.ts";
import { forbidden, GatewayError } from "../../schema/errors.ts";
import { DISABLED_CODE } from "../../schema/outcomes.ts";
import { describeProblem, type Problem, type ProblemAccounts, refusalOf } from "../../schema/problems.ts";
import type { Account } from "../oauth/account.ts";
import type { TokenFailure } from "../oauth/result.ts";
import type { AuthorizationRow } from "../store/tables.ts";
import type { StartedConnection } from "./connections.ts";
import { relationTo } from "./same-account.ts";

/** Why connecting failed. */
export interface ConnectingFailure {
  code: string;
  /** The accounts that a user came back with, and should have come back with, as they are shown. */
  accounts?: ProblemAccounts;
  /** For servers and the log: with what the provider said. */
  message: string;
  /** For the log in place of the message, where that has the label of an account. */
  logged?: string;
}

/** What a failure means to an end user; `name` is the connector's. */
export const describeFailure = (name: string, { code, accounts }: ConnectingFailure): Problem =>
  describeProblem(name, code, "attempt", accounts);

export const disconnectedMeanwhile: ConnectingFailure = {
  code: "disconnected",
  message: "It was disconnected while it was being connected: connect again if that was not intended.",
};

export const movedMeanwhile: ConnectingFailure = { code: "moved", message: "The user's group has changed since connecting was started." };

export const disabledMeanwhile: ConnectingFailure = {
  code: DISABLED_CODE,
  message: "It was disabled: only a server with an API key can enable it again.",
};

export const wrongCallback: ConnectingFailure = {
  code: "invalid_callback",
  message: "The provider sent the user back without what its token request needs, or with a value that is not allowed there: start again.",
};

export const codeExpired: ConnectingFailure = {
  code: "device_code_expired",
  message: "The code was not entered at the provider in time: connect again to get a new one.",
};

export const internalError: ConnectingFailure = {
  code: "internal",
  message: "Something went wrong here while connecting: start again.",
};

const RETRY_AFTER_SECONDS = 10;

/** Why nothing was started: the provider takes no authorization request. */
export function requestRefused(name: string, { kind, code, retryAfterSeconds }: TokenFailure): GatewayError {
  const refusal = refusalOf(describeProblem(name, code, "attempt"));
  if (kind === "temporary")
    return new GatewayError("TEMPORARILY_UNAVAILABLE", refusal, { retryAfter: retryAfterSeconds ?? RETRY_AFTER_SECONDS });
  return kind === "misconfigured" ? new GatewayError("CONNECTOR_MISCONFIGURED", refusal) : forbidden(refusal);
}

/** Where no owner may have the account of another one, it must be known. */
export const unnamedAccount = (name: string): ConnectingFailure => ({
  code: "account_unknown",
  logged: "the provider did not say whose account it is",
  message: `${name} did not say whose account this is, and shared_accounts refuses one that another owner may have: try again.`,
});

export const accountInUse = (name: string): ConnectingFailure => ({
  code: "account_in_use",
  message: `This ${name} account is connected by another owner, and shared_accounts refuses a second one.`,
});

const servingElsewhere: ReadonlySet<string> = new Set(["account_unknown", "account_mismatch", "account_in_use", DISABLED_CODE]);

/**
 * Whether the account of a failed grant may serve this or another connection. Such a grant is not revoked, as some providers (Google)
 * revoke everything that an account has granted to a client. The new tokens are dropped.
 */
export const mayServeElsewhere = ({ code }: ConnectingFailure): boolean => servingElsewhere.has(code);

/**
 * A connection whose account is known is not handed to another one, nor to one that the provider did not name. Where several connections
 * are supported, another account becomes one of its own (`other-connection.ts`).
 */
export function objectionTo(
  started: StartedConnection,
  previous: AuthorizationRow | null,
  account: Account | null,
): ConnectingFailure | null {
  if (!previous?.account_id) return null;
  const relation = relationTo(started, previous, account);
  if (relation === "unknown") return accountUnknown(started, previous);
  const isRefused = relation === "other" && !started.connector.supportsMultipleConnections;
  return isRefused ? accountMismatch(started, previous, account) : null;
}

const accountUnknown = ({ connector }: StartedConnection, previous: AuthorizationRow): ConnectingFailure => ({
  code: "account_unknown",
  logged: "the provider did not say whose account it is",
  message: `${connector.name} did not say whose account this is, so the connection stays as it was (${plainName(previous.display_label) ?? previous.account_id}): try again.`,
});

function accountMismatch({ connector }: StartedConnection, previous: AuthorizationRow, account: Account | null): ConnectingFailure {
  const labels = [account?.label ?? account?.id ?? null, plainName(previous.display_label) ?? previous.account_id] as const;
  // One person's accounts at two hosts have the same label.
  const [actual, expected] = labels[0] === labels[1] ? [account?.id ?? null, previous.account_id] : labels;
  return {
    code: "account_mismatch",
    logged: "it is another account than before",
    message: `This is another ${connector.name} account than before (${actual}, not ${expected}): choose that one, or disconnect first.`,
    accounts: { actual, expected },
  };
}
