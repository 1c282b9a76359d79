import { redactProviderText, toErrorCode } from "../http/provider-text.ts";
import type { Delivery, TokenFailure, TokenFailureKind } from "./result.ts";

/** What was being done when it failed: the halves of connecting, or a refresh. */
export type GrantOperation = "authorize" | "exchange" | "refresh";

export interface FailureFacts {
  readonly operation: GrantOperation;
  readonly kind: TokenFailureKind;
  /** Default `answered`. */
  readonly delivery?: Delivery;
  /** Untrusted: may be a provider's text. */
  readonly code: string;
  /** Untrusted: the provider's `error_description`. */
  readonly description?: string | undefined;
  /** Default false. */
  readonly isRefusal?: boolean;
  /** Default none. */
  readonly missing?: string | null;
  readonly retryAfterSeconds?: number | null;
  /** What was sent; none of it may come back in the message. */
  readonly secrets: readonly string[];
}

const kindByCode: ReadonlyMap<string, TokenFailureKind> = new Map<string, TokenFailureKind>([
  // RFC 6749 section 5.2
  ["invalid_grant", "revoked"],
  ["invalid_client", "misconfigured"],
  ["unauthorized_client", "misconfigured"],
  ["unsupported_grant_type", "misconfigured"],
  ["invalid_scope", "misconfigured"],
  ["invalid_request", "misconfigured"],
  // RFC 6750 section 3.1, RFC 8628 section 3.5: said of the refresh token or the code
  ["invalid_token", "revoked"],
  ["expired_token", "revoked"],
  // RFC 8707 section 2
  ["invalid_target", "misconfigured"],
  // RFC 6749 section 4.1.2.1
  ["access_denied", "denied"],
  ["unsupported_response_type", "misconfigured"],
  ["server_error", "temporary"],
  ["temporarily_unavailable", "temporary"],
  // OpenID Connect Core section 3.1.2.6: the person did not finish
  ["login_required", "denied"],
  ["consent_required", "denied"],
  ["interaction_required", "denied"],
  ["account_selection_required", "denied"],
]);

const STATUS_UNAUTHORIZED = 401;

/** Codes that speak of the moment, not of the request. */
const temporaryCodes: ReadonlySet<string> = new Set(["server_error", "temporarily_unavailable", "slow_down"]);

export const isTemporaryCode = (code: string): boolean => temporaryCodes.has(code);

/**
 * What an error code means. An unknown code is temporary, except with status 401 (RFC 6749 section 5.2: the client is refused) and at the
 * callback, where it says that access was not granted.
 * A refresh has no person who could consent or sign in: a provider that asks for one has ended the grant.
 */
export function kindOf(code: string, status: number, operation: GrantOperation): TokenFailureKind {
  const kind = kindByCode.get(code) ?? unknownKind(status, operation);
  return kind === "denied" && operation === "refresh" ? "revoked" : kind;
}

function unknownKind(status: number, operation: GrantOperation): TokenFailureKind {
  if (operation === "authorize") return "denied";
  return status === STATUS_UNAUTHORIZED ? "misconfigured" : "temporary";
}

/** A failure with a message made of our own sentence, the code, and the provider's words once they are cleaned. */
export function createFailure(facts: FailureFacts): TokenFailure {
  const code = toErrorCode(facts.code, facts.secrets);
  const words = redactProviderText(facts.description, facts.secrets);
  const reason = words === null ? code : `${code}, "${words}"`;
  return {
    ok: false,
    kind: facts.kind,
    delivery: facts.delivery ?? "answered",
    code,
    reason,
    message: sentences[facts.kind](reason, facts.operation),
    isRefusal: facts.isRefusal ?? false,
    missing: facts.missing ?? null,
    retryAfterSeconds: facts.retryAfterSeconds ?? null,
  };
}

const sentences: Readonly<Record<TokenFailureKind, (reason: string, operation: GrantOperation) => string>> = {
  revoked: (reason, operation) =>
    operation === "refresh"
      ? `The provider no longer accepts this connection (${reason}): connect the account again.`
      : `The provider did not accept the authorization code (${reason}): start connecting again.`,
  denied: (reason) => `Access was not granted at the provider (${reason}): connect again and approve the request.`,
  temporary: (reason) => `The provider could not be used just now (${reason}): try again later.`,
  misconfigured: (reason) =>
    `The provider does not accept this connector's configuration (${reason}): check its client id, secret, endpoints, redirect URI and scopes.`,
  invalid: (reason) => `The provider's answer does not belong to this attempt to connect (${reason}): start connecting again.`,
  withdrawn: (reason) => `The request was not sent to the provider (${reason}): try again.`,
};
