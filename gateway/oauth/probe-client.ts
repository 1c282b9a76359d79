import { createVerifier } from "./authorize.ts";
import { isDevice, requestDeviceTokens } from "./device.ts";
import { exchangeCode } from "./exchange.ts";
import type { OAuthClient, OAuthProvider } from "./provider.ts";
import { requestTokens } from "./request-tokens.ts";
import type { TokenFailure } from "./result.ts";

/**
 * What a provider's answer to a made-up code, or to a client that asks by itself, tells.
 *
 * - `accepted`: it knows the client, and refuses the code or gives a token.
 * - `refused`: it refuses the client.
 * - `unanswered`: no answer of the provider's own came back.
 * - `unclear`: it says neither.
 */
export interface ClientProbe {
  readonly verdict: "accepted" | "refused" | "unanswered" | "unclear";
  /** Why: with the provider's code, and its words where it has any, free of secrets. */
  readonly reason: string;
}

export interface ClientProbeRequest {
  readonly provider: OAuthProvider;
  readonly client: OAuthClient;
  readonly redirectUri: string;
  /** Those that a client asks for by itself. */
  readonly scopes: readonly string[];
  readonly timeoutMs: number;
}

const MADE_UP_CODE = "xkit-connectors-check";

/** Codes that speak of the client (RFC 6749 section 5.2). */
const clientCodes: ReadonlySet<string> = new Set(["invalid_client", "http_401"]);

/**
 * Exchanges a made-up code, or one that a user would enter: a provider authenticates the client before it looks at the code (RFC 6749 section
 * 4.1.3). No grant is touched. A client that gets tokens by itself asks for one, and drops it. Throws only `TypeError`, on an endpoint that is not https.
 */
export async function probeClient(request: ClientProbeRequest): Promise<ClientProbe> {
  const { provider, client, redirectUri, timeoutMs } = request;
  if (provider.grantType === "client_credentials") return probeAlone(request);
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
  if (result.ok) return { verdict: "unclear", reason: "it gave tokens for a made-up code" };
  const { reason } = result;
  return toProbe(result, { accepted: `it refused only a made-up code (${reason})`, unclear: `it answered a made-up code with ${reason}` });
}

async function probeAlone({ provider, client, scopes, timeoutMs }: ClientProbeRequest): Promise<ClientProbe> {
  const asked = { provider, client, scopes, values: {}, isTyped: false, operation: "exchange", askedAt: Date.now(), timeoutMs } as const;
  const result = await requestTokens(asked);
  return result.ok
    ? { verdict: "accepted", reason: "it gave it a token" }
    : toProbe(result, { unclear: `it gave it no token (${result.reason})` });
}

function toProbe(failure: TokenFailure, reasons: Partial<Record<ClientProbe["verdict"], string>>): ClientProbe {
  const verdict = verdictOf(failure);
  return { verdict, reason: reasons[verdict] ?? failure.reason };
}

function verdictOf({ kind, code, delivery }: TokenFailure): ClientProbe["verdict"] {
  if (delivery !== "answered") return "unanswered";
  if (kind === "revoked") return "accepted";
  return clientCodes.has(code) ? "refused" : "unclear";
}
