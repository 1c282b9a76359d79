import type { IncomingMessage, ServerResponse } from "node:http";
import type { DeviceCodes } from "./devices.ts";
import type { TestAccount } from "./grants.ts";
import { bearerOf, readParams, sendJson, sendText } from "./server-io.ts";
import { answerTokenRequest, isAuthenticated, type TokenEndpoint } from "./token-endpoint.ts";

/** What the endpoints answer. */
export interface Answers {
  /** Who signs in from now on. Default `{ id: "user-1", label: "user-1@example.test" }`. */
  account: TestAccount;
  /** The `iss` of callbacks (RFC 9207). Null leaves it out. Default the server's URL. */
  iss: string | null;
  /** The JSON text that `/userinfo` answers to a live access token. Null: the account. Default null. */
  userInfo: string | null;
  /** The scopes granted, also where others are asked for. Null: those asked for. Default null. */
  grantedScopes: readonly string[] | null;
  /** What the server publishes of itself (RFC 8414). Null: nothing. Default null. */
  metadata: Readonly<Record<string, unknown>> | null;
}

/** What the next person at `/authorize` answers instead of yes. */
export interface Denial {
  readonly error: string;
  readonly description: string | undefined;
}

/** What the routes read and note. */
export interface ServerState {
  readonly endpoint: TokenEndpoint;
  readonly answers: Answers;
  readonly denials: Denial[];
  readonly revocations: string[];
  readonly checks: string[];
  readonly checkStatuses: number[];
  readonly devices: DeviceCodes;
}

/** Answers a request at an endpoint of the authorization server. */
export async function route(state: ServerState, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? "/", "http://server");
  switch (`${request.method} ${url.pathname}`) {
    case "GET /authorize":
      return consent(state, url.searchParams, response);
    case "POST /token":
      return answerTokenRequest(state.endpoint, request, response);
    case "POST /device":
      return state.devices.answerRequest(state.endpoint, `http://${request.headers.host}`, request, response);
    case "POST /revoke":
      return revoke(state, request, response);
    case "POST /introspect":
      return introspect(state, request, response);
    case "GET /userinfo":
      if (isAnswered(state, bearerOf(request), response)) return;
      return sendAccount(state, request, response, ({ id, label }) => state.answers.userInfo ?? JSON.stringify({ sub: id, email: label }));
    case "GET /api/me":
      return sendAccount(state, request, response, ({ id, label }) => JSON.stringify({ id, label }));
    case "GET /api/keys/me":
      if (isAnswered(state, keyOf(request), response)) return;
      return sendAccount(state, request, response, ({ id, label }) => JSON.stringify({ id, label, secret: "planted" }), keyOf(request));
    case "GET /.well-known/openid-configuration":
      if (state.answers.metadata) return sendJson(response, 200, state.answers.metadata);
      return sendNothing(response);
    default:
      return sendNothing(response);
  }
}

const sendNothing = (response: ServerResponse): void => sendText(response, 404, "There is nothing here.");

/**
 * RFC 6749 section 4.1.2, by a person who agrees to everything unless told otherwise. `user_scope` asks for a second token, which the answer
 * of the token endpoint holds under `user`.
 */
function consent({ endpoint, answers, denials }: ServerState, asked: URLSearchParams, response: ServerResponse): void {
  const redirectUri = asked.get("redirect_uri") ?? "";
  if (asked.get("client_id") !== endpoint.client.clientId || asked.get("response_type") !== "code" || !URL.canParse(redirectUri))
    return sendText(response, 400, "This authorization request is not valid.");
  const denial = denials.shift();
  const scopes = answers.grantedScopes ?? (asked.get("scope") ?? "").split(" ").filter((scope) => scope !== "");
  const userScopes = asked.get("user_scope")?.split(" ");
  const code = () =>
    endpoint.grants.createCode({
      grant: endpoint.grants.createGrant(answers.account, scopes),
      userGrant: userScopes ? endpoint.grants.createGrant(answers.account, userScopes, "user") : null,
      redirectUri,
      challenge: asked.get("code_challenge"),
    });
  const outcome = denial ? { error: denial.error, error_description: denial.description } : { code: code() };
  const location = withParams(redirectUri, { ...outcome, state: asked.get("state") ?? undefined, iss: answers.iss ?? undefined });
  response.writeHead(302, { location: location.href }).end();
}

function withParams(base: string, params: Record<string, string | undefined>): URL {
  const url = new URL(base);
  for (const [name, value] of Object.entries(params)) if (value !== undefined) url.searchParams.set(name, value);
  return url;
}

async function revoke({ endpoint, revocations }: ServerState, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const params = await readParams(request);
  if (!isAuthenticated(endpoint.client, request, params)) return sendJson(response, 401, { error: "invalid_client" });
  revocations.push(params["token"] ?? "");
  endpoint.grants.revoke(params["token"] ?? "");
  sendText(response, 200, "");
}

/** Notes a check, and answers it as the test has ordered. */
function isAnswered({ checks, checkStatuses }: ServerState, token: string, response: ServerResponse): boolean {
  checks.push(token);
  const status = checkStatuses.shift();
  if (status !== undefined) sendText(response, status, "");
  return status !== undefined;
}

/** RFC 7662 section 2. */
async function introspect(state: ServerState, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { endpoint } = state;
  const { token = "", ...params } = await readParams(request);
  if (!isAuthenticated(endpoint.client, request, params)) return sendJson(response, 401, { error: "invalid_client" });
  if (isAnswered(state, token, response)) return;
  sendJson(response, 200, { active: endpoint.grants.findGrant(token) !== null });
}

/** Any live access token is an API key here: in a header of its own, or as the password of Basic. */
function keyOf({ headers }: IncomingMessage): string {
  const basic = Buffer.from(headers.authorization?.replace(/^Basic /, "") ?? "", "base64").toString();
  return String(headers["x-api-key"] ?? basic.slice(basic.indexOf(":") + 1));
}

function sendAccount(
  { endpoint }: ServerState,
  request: IncomingMessage,
  response: ServerResponse,
  show: (account: TestAccount) => string,
  credential = bearerOf(request),
): void {
  const grant = endpoint.grants.findGrant(credential);
  if (grant === null) return sendJson(response, 401, { error: "invalid_token" }, { "www-authenticate": 'Bearer error="invalid_token"' });
  sendText(response, 200, show(grant.account), { "content-type": "application/json", "cache-control": "no-store" });
}
