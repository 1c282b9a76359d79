import { createVerifier } from "./authorize.ts";
import { isDevice, requestDeviceTokens } from "./device.ts";
import { exchangeCode } from "./exchange.ts";
import type { OAuthClient, OAuthProvider } from "./provider.ts";
import type { TokenFailure } from "./result.ts";

/**
 * What a provider's answer to a made-up code tells.
 *
 * - `accepted`: it knows the client and refuses the code.
 * - `refused`: it refuses the client.
 * - `unanswered`: no answer of the provider's own came back.
 * - `unclear`: it says neither.
 */
export interface ClientProbe {
  readonly verdict: "accepted" | "refused" | "unanswered" | "unclear";
  /** The provider's code, and its words where it has any, free of secrets. */
  readonly reason: string;
}

export interface ClientProbeRequest {
  readonly provider: OAuthProvider;
  readonly client: OAuthClient;
  readonly redirectUri: string;
  readonly timeoutMs: number;
}

const MADE_UP_CODE = "xkit-connectors-check";

/** Codes that speak of the client (RFC 6749 section 5.2). */
const clientCodes: ReadonlySet<string> = new Set(["invalid_client", "http_401"]);

/**
 * Exchanges a made-up code, or one that a user would enter: a provider authenticates the client before it looks at the code (RFC 6749 section
 * 4.1.3). No grant is touched. Throws only `TypeError`, on an endpoint that is not https.
 */
export async function probeClient({ provider, client, redirectUri, timeoutMs }: ClientProbeRequest): Promise<ClientProbe> {
  const state = createVerifier();
  const callbackParams = new URLSearchParams({
    [provider.codeParam]: MADE_UP_CODE,
    state,
    ...(provider.issuer !== null && { iss: provider.issuer }),
  });
  const verifier = createVerifier();
  const result = isDevice(provider)
    ? await requestDeviceTokens({ provider, client, deviceCode: MADE_UP_CODE, askedAt: Date.now(), timeoutMs })
    : await exchangeCode({ provider, client, redirectUri, callbackParams, expectedState: state, verifier, timeoutMs });
  return result.ok ? { verdict: "unclear", reason: "it gave tokens for it" } : { verdict: verdictOf(result), reason: result.reason };
}

function verdictOf({ kind, code, delivery }: TokenFailure): ClientProbe["verdict"] {
  if (delivery !== "answered") return "unanswered";
  if (kind === "revoked") return "accepted";
  return clientCodes.has(code) ? "refused" : "unclear";
}
