import type { IncomingMessage, ServerResponse } from "node:http";
import { decodeJwt } from "jose";
import type { OAuthClient } from "../../gateway/oauth/provider.ts";
import type { Grants, IssuedTokens } from "./grants.ts";
import type { Misbehaviour, Script } from "./misbehaviour.ts";
import { readParams, sendJson, sendText } from "./server-io.ts";

/** One request to the token endpoint, as it came in. */
export interface TokenRequest {
  readonly grantType: string;
  /** Of the server's clock. */
  readonly atMs: number;
  readonly clientAuthentication: "client_secret_basic" | "client_secret_post" | "none";
  readonly contentType: string;
  readonly headerNames: readonly string[];
  /** Without code, verifier, refresh token and secret, unless the server was started with `recordSecrets`. */
  readonly params: Readonly<Record<string, string>>;
  /** The header as it came; null without `recordSecrets`. */
  readonly authorization: string | null;
}

export interface TokenEndpoint {
  readonly grants: Grants;
  /** Exchanges a device code: tokens, or an error. */
  readonly redeemDeviceCode: (deviceCode: string) => IssuedTokens | string;
  readonly script: Script;
  readonly client: OAuthClient;
  readonly now: () => number;
  readonly recordSecrets: boolean;
  readonly tokenRequests: TokenRequest[];
  /** Called for each refresh that is processed, whether or not its answer arrives. */
  readonly onRefresh: () => void;
}

type Outcome = { readonly tokens: IssuedTokens } | { readonly status: number; readonly error: string };

const secretNames: ReadonlySet<string> = new Set(["code", "code_verifier", "refresh_token", "client_secret", "device_code"]);
const DEVICE_CODE_GRANT = "urn:ietf:params:oauth:grant-type:device_code";
const JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const HUGE_BYTES = 2_097_152;

/** Answers `POST /token` (RFC 6749 section 3.2), after the misbehaviour that the script has for it. */
export async function answerTokenRequest(endpoint: TokenEndpoint, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const params = await readParams(request);
  endpoint.tokenRequests.push(recordOf(endpoint, request, params));
  const misbehaviour = endpoint.script.take();
  await endpoint.script.waitForHold();
  await misbehave(endpoint, misbehaviour, { request, response, params });
}

interface Call {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly params: Record<string, string>;
}

async function misbehave(endpoint: TokenEndpoint, misbehaviour: Misbehaviour | null, call: Call): Promise<void> {
  const { response } = call;
  switch (misbehaviour) {
    case "hang":
      await endpoint.script.hang();
      return answer(endpoint, call, {});
    case "cut":
      return void response.destroy();
    case "lose":
      process(endpoint, call);
      return void response.destroy();
    case "swallow":
      process(endpoint, call);
      await endpoint.script.hang();
      return void response.destroy();
    case "redirect":
      return void response.writeHead(302, { location: "/elsewhere" }).end();
    case "huge":
      return sendJson(response, 200, { access_token: "x".repeat(HUGE_BYTES), token_type: "Bearer" });
    case "omit-refresh-token":
      return answer(endpoint, call, { refresh_token: undefined });
    case "omit-expires-in":
      return answer(endpoint, call, { expires_in: undefined });
    case null:
      return answer(endpoint, call, {});
    default:
      return misbehaveAsTold(endpoint, misbehaviour, call);
  }
}

async function misbehaveAsTold(endpoint: TokenEndpoint, misbehaviour: Exclude<Misbehaviour, string>, call: Call): Promise<void> {
  if ("answer" in misbehaviour) return answer(endpoint, call, misbehaviour.answer);
  if ("formAs" in misbehaviour) return answerForm(endpoint, call, misbehaviour.formAs);
  if ("until" in misbehaviour) {
    await misbehaviour.until;
    return misbehave(endpoint, misbehaviour.next ?? null, call);
  }
  const { status, headers = {}, body = "", isProcessed = false } = misbehaviour;
  if (isProcessed) process(endpoint, call);
  return typeof body === "string" ? sendText(call.response, status, body, headers) : sendJson(call.response, status, body, headers);
}

function answer(endpoint: TokenEndpoint, call: Call, overlay: Record<string, unknown>): void {
  if (call.response.destroyed) return;
  const outcome = process(endpoint, call);
  if ("tokens" in outcome) return sendJson(call.response, 200, { ...bodyOf(outcome.tokens), ...overlay });
  const headers: Record<string, string> = outcome.status === 401 ? { "www-authenticate": 'Basic realm="test"' } : {};
  sendJson(call.response, outcome.status, { error: outcome.error }, headers);
}

function answerForm(endpoint: TokenEndpoint, call: Call, mediaType: string): void {
  const outcome = process(endpoint, call);
  const body = "tokens" in outcome ? bodyOf(outcome.tokens) : { error: outcome.error };
  const form = new URLSearchParams(Object.entries(body).map(([name, value]) => [name, String(value)]));
  sendText(call.response, "tokens" in outcome ? 200 : outcome.status, form.toString(), { "content-type": mediaType });
}

function bodyOf(tokens: IssuedTokens): Record<string, unknown> {
  return {
    access_token: tokens.accessToken,
    token_type: "Bearer",
    expires_in: tokens.expiresInSeconds,
    refresh_token: tokens.refreshToken === "" ? undefined : tokens.refreshToken,
    ...(tokens.refreshExpiresInSeconds !== null && { refresh_token_expires_in: tokens.refreshExpiresInSeconds }),
    scope: tokens.scopes.join(" "),
    ...(tokens.user && { user: bodyOf(tokens.user) }),
  };
}

function process(endpoint: TokenEndpoint, { request, params }: Call): Outcome {
  if (params["client_secret"] === "") return { status: 400, error: "invalid_request" };
  if (params["grant_type"] !== JWT_BEARER && !isAuthenticated(endpoint.client, request, params))
    return { status: 401, error: "invalid_client" };
  const tokens = redeem(endpoint, params);
  if (typeof tokens === "string") return { status: 400, error: tokens };
  if (tokens === undefined) return { status: 400, error: "unsupported_grant_type" };
  return tokens === null ? { status: 400, error: "invalid_grant" } : { tokens };
}

/** RFC 6749 section 6: with the scopes that are asked for, where the grant has them. */
function narrowed(tokens: IssuedTokens | null, scope: string | undefined): IssuedTokens | null {
  if (tokens === null || scope === undefined) return tokens;
  return { ...tokens, scopes: tokens.scopes.filter((granted) => scope.split(" ").includes(granted)) };
}

function redeem(
  { grants, redeemDeviceCode, onRefresh }: TokenEndpoint,
  params: Record<string, string>,
): IssuedTokens | string | null | undefined {
  switch (params["grant_type"]) {
    case "authorization_code":
      return grants.redeemCode(params["code"] ?? "", params["redirect_uri"] ?? "", params["code_verifier"] ?? null);
    case "refresh_token":
      onRefresh();
      return narrowed(grants.redeemRefreshToken(params["refresh_token"] ?? ""), params["scope"]);
    case "client_credentials":
      return issueAlone(grants, "robot", params["scope"]?.split(" ") ?? []);
    case DEVICE_CODE_GRANT:
      return redeemDeviceCode(params["device_code"] ?? "");
    case JWT_BEARER:
      return issueAlone(grants, decodeJwt(params["assertion"] ?? "").iss ?? "", []);
    default:
      return undefined;
  }
}

/** Without a person, and without a refresh token. */
const issueAlone = (grants: Grants, id: string, scopes: readonly string[]): IssuedTokens => ({
  ...grants.issueTokens({ id, label: `${id}@example.test` }, scopes),
  refreshToken: "",
});

/** Whether Basic or body credentials are the client's own (RFC 6749 section 2.3.1). Also guards the revocation endpoint. */
export function isAuthenticated(client: OAuthClient, request: IncomingMessage, params: Record<string, string>): boolean {
  const basic = basicCredentials(request);
  const [id, secret] = basic ?? [params["client_id"] ?? "", params["client_secret"] ?? ""];
  return id === client.clientId && secret === (client.clientSecret ?? "");
}

function basicCredentials(request: IncomingMessage): [string, string] | null {
  const encoded = /^Basic (.+)$/i.exec(request.headers.authorization ?? "")?.[1];
  if (encoded === undefined) return null;
  const [id = "", secret = ""] = Buffer.from(encoded, "base64").toString().split(":").map(formDecode);
  return [id, secret];
}

function formDecode(text: string): string {
  return decodeURIComponent(text.replaceAll("+", " "));
}

function recordOf(endpoint: TokenEndpoint, request: IncomingMessage, params: Record<string, string>): TokenRequest {
  const shown = Object.entries(params).filter(([name]) => endpoint.recordSecrets || !secretNames.has(name));
  const inBody = "client_secret" in params ? "client_secret_post" : "none";
  return {
    grantType: params["grant_type"] ?? "",
    atMs: endpoint.now(),
    clientAuthentication: request.headers.authorization === undefined ? inBody : "client_secret_basic",
    contentType: request.headers["content-type"] ?? "",
    headerNames: Object.keys(request.headers),
    params: Object.fromEntries(shown),
    authorization: endpoint.recordSecrets ? (request.headers.authorization ?? null) : null,
  };
}
