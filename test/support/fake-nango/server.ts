import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { bearerOf, listen } from "../server-io.ts";
import { type ConnectPage, createConnectPage } from "./connect-page.ts";
import { deleteConnection, getConnection, type KeyScope, listConnections } from "./connections.ts";
import { createRefresher } from "./refresh.ts";
import { createReconnectSession, createSession } from "./sessions.ts";
import {
  addConnection,
  createState,
  findConnection,
  type HeldConnection,
  type Integration,
  type NewConnection,
  type State,
} from "./state.ts";
import { type Answer, failure, integrationOnWire, send } from "./wire.ts";
import { createWebhooks, type Webhooks } from "./webhooks.ts";

export interface FakeNangoOptions {
  integrations: readonly Integration[];
  /** Milliseconds since 1970. */
  now: () => number;
}

/** What a test may order. */
export interface NangoControls {
  /** These answers come instead of those to the next requests to the API, in order. */
  next(...answers: Answer[]): void;
  /** For every request that `next` has nothing for, until it is set to null. */
  always(answer: Answer | null): void;
  /** Whether the key may read credentials. Default true. */
  readsCredentials: boolean;
  /** A connection that was made elsewhere: by an import, or by another program. */
  addConnection(connection: NewConnection): HeldConnection;
  /** Replaces one's credentials, as the daily refresh or another program does. */
  setCredentials(held: HeldConnection, credentials: HeldConnection["credentials"]): void;
  /** Removes one in the dashboard: no webhook tells of it. */
  removeConnection(connectionId: string, key: string): void;
  /** Removes an integration. */
  removeIntegration(key: string): void;
  /** From now on the list does not show what is there now, as a read replica that lags; null ends that. */
  hide(isHidden: ((held: HeldConnection) => boolean) | null): void;
}

export interface FakeNango {
  readonly url: string;
  /** The key of its one environment. */
  readonly secretKey: string;
  readonly webhooks: Webhooks;
  readonly controls: NangoControls;
  readonly connections: readonly HeldConnection[];
  /** Requests to the API, as `GET /connections?limit=1`, oldest first. */
  readonly requests: readonly string[];
  close(): Promise<void>;
}

/** Requests per minute that `X-RateLimit-Limit` names. */
const RATE_LIMIT = 200;

const uuid = /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[\da-f]{4}-[\da-f]{12}$/;

/** Starts what plays Nango's documented API, its page for connecting and its webhooks, on a free port of 127.0.0.1. */
export async function startFakeNango({ integrations, now }: FakeNangoOptions): Promise<FakeNango> {
  const state = createState(now, integrations);
  const webhooks = createWebhooks(state, randomUUID());
  const secretKey = randomUUID();
  const requests: string[] = [];
  const script = createScript();
  let isHidden: ((held: HeldConnection) => boolean) | null = null;
  const scope: KeyScope = { readsCredentials: true };
  const api = createApi({ state, webhooks, scope, isShown: (held) => !isHidden?.(held), connectUrl: () => `${server.url}/connect` });
  const page = createConnectPage({ state, webhooks, callbackUrl: () => `${server.url}/oauth/callback` });

  const server = await listen(async (request, response) => {
    const url = new URL(request.url ?? "/", "http://server");
    if (await answerBrowser(page, url, request, response)) return;
    requests.push(`${request.method} ${request.url}`);
    const answer = script.take() ?? refuse(request, secretKey) ?? (await api(url, request));
    const resetAt = Math.floor(now() / 1_000) + 60;
    const limits = {
      "x-ratelimit-limit": `${RATE_LIMIT}`,
      "x-ratelimit-remaining": `${RATE_LIMIT - 1}`,
      "x-ratelimit-reset": `${resetAt}`,
    };
    send(response, { ...answer, headers: { ...limits, ...answer.headers } });
  });

  return {
    url: server.url,
    secretKey,
    webhooks,
    requests,
    connections: state.connections,
    controls: Object.assign(scope, {
      next: script.push,
      always: script.setAlways,
      addConnection: (connection: NewConnection) => addConnection(state, connection),
      setCredentials: (held: HeldConnection, credentials: HeldConnection["credentials"]) => void (held.credentials = credentials),
      removeConnection(connectionId: string, key: string) {
        const held = findConnection(state, connectionId, key);
        if (held) state.connections.splice(state.connections.indexOf(held), 1);
      },
      removeIntegration: (key: string) =>
        void state.integrations.splice(
          state.integrations.findIndex(({ uniqueKey }) => uniqueKey === key),
          1,
        ),
      hide: (hidden: typeof isHidden) => void (isHidden = hidden),
    }),
    close: server.close,
  };
}

function createScript() {
  const queue: Answer[] = [];
  let always: Answer | null = null;
  return {
    push: (...answers: Answer[]) => void queue.push(...answers),
    setAlways: (answer: Answer | null) => void (always = answer),
    take: (): Answer | null => queue.shift() ?? always,
  };
}

/** Answers what a browser asks. False: it is for the API. */
async function answerBrowser(page: ConnectPage, url: URL, request: IncomingMessage, response: ServerResponse): Promise<boolean> {
  switch (`${request.method} ${url.pathname}`) {
    case "GET /connect/":
      page.open(url.searchParams, response);
      return true;
    case "POST /connect/":
      await page.submit(url.searchParams, new URLSearchParams(await textOf(request)), response);
      return true;
    case "GET /oauth/callback":
      await page.finish(url.searchParams, response);
      return true;
    default:
      return false;
  }
}

/** The 401s and the 415 that come before anything else. */
function refuse(request: IncomingMessage, secretKey: string): Answer | null {
  const { authorization } = request.headers;
  if (authorization === undefined) return failure(401, "missing_auth_header", "Authentication failed. The request is missing the header.");
  const key = bearerOf(request);
  if (key === "") return failure(401, "malformed_auth_header", "Authentication failed. The Authorization header is malformed.");
  if (!uuid.test(key)) return failure(401, "invalid_secret_key_format", "Authentication failed. The secret key is not a UUID v4.");
  if (key !== secretKey) return failure(401, "unknown_account", "Authentication failed. The secret key does not match any account.");
  const hasBody = request.method === "POST" || request.method === "PATCH";
  const isJson = request.headers["content-type"]?.startsWith("application/json") === true;
  return hasBody && !isJson ? failure(415, "invalid_content_type", "Content-Type must be application/json") : null;
}

interface Api {
  state: State;
  webhooks: Webhooks;
  scope: KeyScope;
  isShown: (held: HeldConnection) => boolean;
  connectUrl: () => string;
}

function createApi({ state, webhooks, scope, isShown, connectUrl }: Api): (url: URL, request: IncomingMessage) => Promise<Answer> {
  const refresher = createRefresher(state, webhooks);
  const startedAt = state.now();
  return async ({ pathname, searchParams }, request) => {
    const connectionId = /^\/connections\/([^/]+)$/.exec(pathname)?.[1];
    switch (`${request.method} ${connectionId === undefined ? pathname : "/connections/{id}"}`) {
      case "GET /integrations":
        if (searchParams.size > 0) return failure(400, "invalid_query_params");
        return { status: 200, body: { data: state.integrations.map((integration) => integrationOnWire(integration, startedAt)) } };
      case "GET /connections":
        return listConnections(state, searchParams, isShown);
      case "GET /connections/{id}":
        return getConnection(state, refresher, scope, decodeURIComponent(connectionId ?? ""), searchParams);
      case "DELETE /connections/{id}":
        return deleteConnection(state, decodeURIComponent(connectionId ?? ""), searchParams);
      case "POST /connect/sessions":
        return createSession(state, connectUrl(), await jsonOf(request));
      case "POST /connect/sessions/reconnect":
        return createReconnectSession(state, connectUrl(), await jsonOf(request));
      default:
        return failure(404, "not_found", "There is no such endpoint.");
    }
  };
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

async function jsonOf(request: IncomingMessage): Promise<unknown> {
  try {
    return JSON.parse(await textOf(request));
  } catch {
    return undefined;
  }
}
