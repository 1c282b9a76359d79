/**
 * A service of the REST contract, written from `docs/rest-contract.md` alone: it imports nothing of the gateway, whose adapter is tested
 * before it. It leaves out what no adapter asks for: CORS, the popup's pages, the socket, the forms, custom issuers, and rate limits.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { listen } from "../server-io.ts";
import type { FakeConnector } from "./catalog.ts";
import { createCredentials } from "./credentials.ts";
import { type Dialect, wholeContract } from "./dialects.ts";
import { type Answer, match, notFound, readCall, Refusal, type Routes } from "./exchange.ts";
import { createGrants, type FakeProvider } from "./grants.ts";
import { createPages } from "./pages.ts";
import { createPlatformRoutes } from "./platform-routes.ts";
import type { Service } from "./service.ts";
import { createSessionRoutes } from "./session-routes.ts";
import { createState } from "./state.ts";
import { createTokenReader } from "./tokens.ts";
import { createUserRoutes } from "./user-routes.ts";

export interface FakeXkitOptions {
  connectors: readonly FakeConnector[];
  provider: FakeProvider;
  now: () => number;
  /** Default: the whole contract. */
  dialect?: Dialect;
}

export interface FakeXkit {
  /** Its origin. */
  readonly url: string;
  readonly keys: { readonly publishable: string; readonly secret: string };
  /** Every request so far, as `GET /api/platform_user/connections?slug=test`. */
  readonly requests: readonly string[];
  /** Every answer so far, as JSON after its request. */
  readonly answers: readonly string[];
  close(): Promise<void>;
}

/** Starts the fake on a free port of 127.0.0.1. */
export async function startFakeXkit(options: FakeXkitOptions): Promise<FakeXkit> {
  const keys = { publishable: "pk_fake", secret: "sk_fake" };
  let serve = (_request: IncomingMessage, _response: ServerResponse): Promise<void> =>
    Promise.reject(new TypeError("It is not ready yet."));
  const [requests, answers]: [string[], string[]] = [[], []];
  const server = await listen((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    return serve(request, response);
  });
  serve = createServe(createService(options, server.url, keys), answers);
  return { ...server, keys, requests, answers };
}

function createService(
  { connectors, provider, now, dialect = wholeContract }: FakeXkitOptions,
  url: string,
  keys: FakeXkit["keys"],
): Service {
  const state = createState(now);
  const grants = createGrants(provider, now);
  return {
    url,
    now,
    dialect,
    idOf: dialect.idOf,
    connectors: new Map(connectors.map((connector) => [connector.slug, connector])),
    state,
    grants,
    credentials: createCredentials({ keys, now }),
    readToken: createTokenReader({ state, grants, now }),
  };
}

const below = (base: string, routes: Routes): Routes =>
  Object.fromEntries(Object.entries(routes).map(([template, handle]) => [template.replace(" ", ` ${base}`), handle]));

function createServe(service: Service, answers: string[]) {
  const { dialect } = service;
  const routes = Object.entries({
    ...below("/api/platform_user", { ...createUserRoutes(service), ...createSessionRoutes(service) }),
    ...below("/api/platform", createPlatformRoutes(service)),
    ...createPages(service),
  });

  async function answer(call: Awaited<ReturnType<typeof readCall>>): Promise<Answer> {
    for (const [template, handle] of routes) {
      const matched = match(template, dialect.hears(call));
      if (matched) return handle(matched);
    }
    throw notFound("address");
  }

  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const call = await readCall(request);
    const given = await answer(call).catch((error: unknown) => {
      if (error instanceof Refusal) return error.answer;
      throw error;
    });
    const { status, body, headers } = dialect.says(call, given);
    response.writeHead(status, { "cache-control": "no-store", ...(body && { "content-type": "application/json" }), ...headers });
    const text = body ? JSON.stringify(body) : "";
    answers.push(`${request.method} ${request.url} ${text}`);
    response.end(text);
  };
}
