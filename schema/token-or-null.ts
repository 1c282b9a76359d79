import { GatewayError } from "./errors.ts";
import { type ConnectionWhere, errorCodeOf, type OwnerConnections, type TokenRequest } from "./upstream.ts";

/**
 * The token's value, or null when connecting would mend it (or nothing may: withheld).
 * Throws TEMPORARILY_UNAVAILABLE, MINIMUM_TTL_UNAVAILABLE or CONNECTOR_MISCONFIGURED for what the caller cannot mend.
 */
export async function tokenOrNull(source: OwnerConnections, where: ConnectionWhere, request: TokenRequest): Promise<string | null> {
  const outcome = await source.accessToken(where, request);
  if (outcome.type === "AccessToken") return outcome.value;
  const code = errorCodeOf(outcome);
  if (!code) return null;
  throw new GatewayError(code, outcome.message, {
    ...("retryAfter" in outcome && { retryAfter: outcome.retryAfter }),
    ...("maximumTtl" in outcome && { maximumTtl: outcome.maximumTtl }),
  });
}
