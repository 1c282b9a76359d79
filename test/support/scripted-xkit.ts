import { onTestFinished } from "vitest";
import { createLog } from "../../gateway/runtime/log.ts";
import { noTelemetry } from "../../gateway/runtime/telemetry.ts";
import { createManualClock, type ManualClock } from "../../gateway/upstream-suite/manual-clock.ts";
import { type ListeningServer, listen, sendJson } from "./server-io.ts";
import type { IncomingMessage, ServerResponse } from "node:http";
import { withholdGroupTokens } from "../../gateway/upstream/withhold.ts";
import { createXkitAdapter, type XkitAdapter } from "../../gateway/upstream/xkit/adapter.ts";

type Handle = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

export interface ScriptedXkit {
  upstream: XkitAdapter;
  clock: ManualClock;
  server: ListeningServer;
  /** `GET /path`, as they came, with the query. */
  requests: string[];
  /** What each request carried. */
  headers: IncomingMessage["headers"][];
  /** What the adapter has logged as a warning, or as news, since it began. */
  warnings(): object[];
  /** From now on this answers `method path`, below `/api`. */
  on(route: string, handle: Handle): void;
  on(route: string, answer: Record<string, unknown>): void;
}

/** A little HTTP server that answers what a test orders, in place of an upstream. Its list has what the single read of Slack has. */
export async function startScriptedXkit({
  timeoutMs = 2_000,
  origin,
  clock = createManualClock(),
}: { timeoutMs?: number; origin?: string; clock?: ManualClock } = {}): Promise<ScriptedXkit> {
  const routes = new Map<string, Handle>();
  const listed: { connection?: unknown } = {};
  const sendList: Handle = (_request, response) =>
    sendJson(response, 200, { connections: listed.connection === undefined ? [] : [listed.connection] });
  const requests: string[] = [];
  const headers: IncomingMessage["headers"][] = [];
  const server = await listen(async (request, response) => {
    const path = (request.url ?? "").replace("/api", "");
    requests.push(`${request.method} ${path}`);
    headers.push(request.headers);
    const route = `${request.method} ${path.split("?")[0]}`;
    const handle = routes.get(route) ?? (route === LIST ? sendList : undefined);
    await (handle ? handle(request, response) : sendJson(response, 404, { error: "Not found" }));
  });
  const keys = { publishable: "pk_scripted", secret: "sk_scripted" };
  const logged: string[] = [];
  const log = createLog("info", { write: (line) => void logged.push(line) });
  const upstream = createXkitAdapter({
    url: server.url,
    origin: origin ?? server.url,
    keys,
    clock,
    log,
    telemetry: noTelemetry,
    publicUrl: "http://localhost:4000",
    timeoutMs,
  });
  onTestFinished(async () => {
    await server.close();
    await upstream.close();
  });
  return {
    upstream,
    clock,
    server,
    requests,
    headers,
    warnings: () => logged.map((line): object => JSON.parse(line)),
    on(route: string, answer: Handle | Record<string, unknown>) {
      if (route === READ_SLACK) listed.connection = isHandle(answer) ? undefined : answer["connection"];
      routes.set(route, isHandle(answer) ? answer : (_request, response) => sendJson(response, 200, answer));
    },
  };
}

const isHandle = (answer: Handle | Record<string, unknown>): answer is Handle => typeof answer === "function";

/** What a plain Xkit answers: the documented fields alone (contract, "Shapes"). */
export const plainConnector = { slug: "slack", name: "Slack", short_description: "Chat", mark_url: "https://x.example/slack.svg" };

export const plainConnection = (token: string | null, extra: Record<string, unknown> = {}) => ({
  connection: {
    id: "8a1b2c3d-0000-4000-8000-000000000001",
    enabled: true,
    connector: plainConnector,
    authorization: {
      id: 7,
      status: "active",
      authorizer: { client_id: "x", prototype: { name: "Slack", slug: "slack" } },
      ...(token && { access_token: token }),
    },
    ...extra,
  },
});

export const sessionOf = (user: string, group: string | null) => ({
  session: { user: { external_id: user, external_group_id: group, name: null } },
});

/** The token of a third party that `startPlainXkit` may answer. */
export const TOKEN = "planted-third-party-token-1";
export const SLACK = { slug: "slack" };
const LIST = "GET /platform_user/connections";
/** The read of a user's connection to Slack. */
export const READ_SLACK = "GET /platform_user/connections/slack";

/** An Xkit that gives a user, a member of this group if any, this answer for their connection to Slack. */
export async function startPlainXkit(answer: Record<string, unknown>, group: string | null = null): Promise<ScriptedXkit> {
  const xkit = await startScriptedXkit();
  xkit.on("GET /platform_user/session", sessionOf("ada", group));
  xkit.on(READ_SLACK, answer);
  return xkit;
}

/** The connections of the signed-in user. `viewer`: who that is known to be. */
export const asAda = ({ upstream: { relay } }: ScriptedXkit, viewer = () => relay.whoIs("bearer")) =>
  withholdGroupTokens(relay.forBearer("bearer", viewer));
