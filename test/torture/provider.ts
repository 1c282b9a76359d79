import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { listen, readParams, sendJson, sendText } from "../support/server-io.ts";
import { faultOf, type Plan, type ProviderFault, PROVIDER_TIMEOUT_MS, TOKEN_LIFE_MS } from "./plan.ts";
import { createTruth, type IssuedTokens, type Rotation, type TrueGrant, type Truth } from "./truth.ts";

/** A slow answer comes in time, a late one after the gateway's timeout. */
const SLOW_MS = PROVIDER_TIMEOUT_MS / 2;
const LATE_MS = PROVIDER_TIMEOUT_MS + 1_000;
const RETRY_AFTER_SECONDS = 2;
const HANG_UP_NOTICED_MS = 300;

export interface HostileProvider {
  url: string;
  truth: Truth;
  /** How often each fault has happened. */
  faultCounts: ReadonlyMap<string, number>;
  /** From now on the plan's faults happen, or happen no more. */
  setHostile(isHostile: boolean): void;
  /** What a gateway's configuration says of it. Each gateway has its own token endpoint, so that the ledger knows who asked. */
  factsFor(process: number): Record<string, unknown>;
  close(): Promise<void>;
}

interface State {
  plan: Plan;
  truth: Truth;
  codes: Map<string, { connection: number; account: string }>;
  faultCounts: Map<string, number>;
  isHostile: boolean;
}

/** Starts an OAuth server that does to refreshes what the plan says. */
export async function startHostileProvider(plan: Plan): Promise<HostileProvider> {
  const state: State = { plan, truth: createTruth(), codes: new Map(), faultCounts: new Map(), isHostile: false };
  const { url, close } = await listen((request, response) => route(state, request, response));
  return {
    url,
    truth: state.truth,
    faultCounts: state.faultCounts,
    setHostile: (isHostile) => void (state.isHostile = isHostile),
    factsFor: (process) => ({
      authorization_endpoint: `${url}/authorize`,
      token_endpoint: `${url}/${process}/token`,
      userinfo_endpoint: `${url}/userinfo`,
      refresh: { kills_old_token: false },
    }),
    close,
  };
}

async function route(state: State, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://provider");
  const process = /^\/(\d+)\/token$/.exec(pathname)?.[1];
  if (process !== undefined) return answerTokenRequest(state, Number(process), await readParams(request), response);
  if (pathname === "/authorize") return consent(state, searchParams, response);
  if (pathname === "/userinfo") return answerUserInfo(state, request, response);
  return sendText(response, 404, "There is nothing here.");
}

/** Who agrees is named by the address: `account` and `connection`, which the harness adds as a person would by signing in. */
function consent({ codes }: State, asked: URLSearchParams, response: ServerResponse): void {
  const code = `code-${codes.size}`;
  codes.set(code, { connection: Number(asked.get("connection")), account: asked.get("account") ?? "" });
  const location = new URL(asked.get("redirect_uri") ?? "");
  location.searchParams.set("code", code);
  location.searchParams.set("state", asked.get("state") ?? "");
  response.writeHead(302, { location: location.href }).end();
}

function answerUserInfo({ truth }: State, request: IncomingMessage, response: ServerResponse): void {
  const token = truth.findAccessToken(request.headers.authorization?.replace(/^bearer /i, "") ?? "");
  if (!token) return sendJson(response, 401, { error: "invalid_token" });
  sendJson(response, 200, { sub: token.grant.account, email: `${token.grant.account}@example.test` });
}

async function answerTokenRequest(state: State, process: number, params: Record<string, string>, response: ServerResponse): Promise<void> {
  const { truth, codes } = state;
  const pending = codes.get(params["code"] ?? "");
  if (pending) return sendJson(response, 200, bodyOf(truth.createGrant(pending.connection, pending.account)));
  const refreshToken = params["refresh_token"] ?? "";
  const grant = truth.grantOf(refreshToken);
  if (!grant) return sendJson(response, 400, { error: "invalid_grant" });
  const fault = state.isHostile ? faultOf(state.plan, grant.connection, grant.refreshRequests) : null;
  if (state.isHostile) grant.refreshRequests += 1;
  if (fault) state.faultCounts.set(fault, (state.faultCounts.get(fault) ?? 0) + 1);
  countInFlight(grant, response);
  await answerRefresh(fault, { redeem: () => truth.redeem(refreshToken, process), response });
}

/** A request is in flight until it is answered, or its gateway has given it up. */
function countInFlight(grant: TrueGrant, response: ServerResponse): void {
  grant.inFlight += 1;
  grant.mostInFlight = Math.max(grant.mostInFlight, grant.inFlight);
  let isOver = false;
  const end = () => {
    if (!isOver) grant.inFlight -= 1;
    isOver = true;
  };
  response.once("close", end);
  setTimeout(end, PROVIDER_TIMEOUT_MS).unref();
}

interface Call {
  redeem: () => ReturnType<Truth["redeem"]>;
  response: ServerResponse;
}

async function answerRefresh(fault: ProviderFault | null, call: Call): Promise<void> {
  const { response } = call;
  switch (fault) {
    case "error":
      return sendText(response, 500, "The provider is not well.");
    case "retry-after":
      return sendText(response, 429, "", { "retry-after": String(RETRY_AFTER_SECONDS) });
    case "false-invalid-grant":
      return sendJson(response, 400, { error: "invalid_grant" });
    case "lost":
    case "lost-strict":
      lose(call.redeem().rotation);
      return void response.destroy();
    case "garbage":
      lose(call.redeem().rotation);
      return sendText(response, 200, "<html>It works!", { "content-type": "text/html" });
    case "slow":
      return answer(call, SLOW_MS);
    case "late":
      return answer(call, LATE_MS);
    case null:
      return answer(call, 0);
  }
}

const lose = (rotation: Rotation | null): void => {
  if (rotation) Object.assign(rotation, { isLost: true, answeredAtMs: Date.now() });
};

/** Rotates at once, whenever the answer comes: the worst order for the one who asks. */
async function answer({ redeem, response }: Call, afterMs: number): Promise<void> {
  const { tokens, rotation } = redeem();
  await delay(afterMs);
  if (!tokens) return sendJson(response, 400, { error: "invalid_grant" });
  if (response.destroyed) return lose(rotation);
  rotation.answeredAtMs = Date.now();
  noticeHangUp(response, rotation);
  sendJson(response, 200, bodyOf(tokens));
}

/** One who waits keeps the connection; one who had gone when the answer came has closed it. */
function noticeHangUp({ socket }: ServerResponse, rotation: Rotation): void {
  const onClose = () => lose(rotation);
  socket?.once("close", onClose);
  setTimeout(() => socket?.off("close", onClose), HANG_UP_NOTICED_MS).unref();
}

const bodyOf = ({ accessToken, refreshToken }: IssuedTokens) => ({
  access_token: accessToken,
  refresh_token: refreshToken,
  token_type: "Bearer",
  expires_in: TOKEN_LIFE_MS / 1000,
});
