import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { ProviderFacts } from "../providers/format.ts";
import { createConfiguration, demoClient, demoFurtherScopes, demoPaths, demoScopes } from "./configuration.ts";
import { answerGrants, GRANTS_PATH } from "./grants.ts";
import { listen, seeOther, sendPage } from "./http.ts";
import { answerInteraction } from "./interactions.ts";
import { loadOidcProvider } from "./load.ts";
import { answerMe, ME_PATH } from "./me.ts";
import { createMemoryStore } from "./memory-adapter.ts";
import { errorPage } from "./pages.ts";

/** How long the demo's access tokens live: short enough to watch one being refreshed. */
const DEMO_ACCESS_TOKEN_SECONDS = 30;

const CLIENT_SECRET_BYTES = 32;

export interface DemoProviderOptions {
  readonly host: "127.0.0.1" | "localhost";
  /** 0: any free port. */
  readonly port: number;
  /** The gateway's callbacks, compared exactly (RFC 9700 section 2.1). */
  readonly redirectUris: readonly string[];
  /** Default 30. */
  readonly accessTokenSeconds?: number | undefined;
}

export interface DemoProvider {
  readonly issuer: string;
  /** 200 `{ id, name, email }` for a live access token, else 401. */
  readonly apiUrl: string;
  /** Where a person takes access back; POST `account=ada` does it by script. */
  readonly grantsUrl: string;
  /** The provider as a configuration file writes it. */
  readonly provider: ProviderFacts;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scopes: readonly string[];
  /** What can be asked for besides. */
  readonly furtherScopes: readonly string[];
  close(): Promise<void>;
}

type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/**
 * Starts a real OpenID provider in this process: two accounts, no passwords, nothing from the network.
 *
 * Refresh tokens rotate, and using one twice revokes the grant. Access tokens are opaque and live 30 s unless told otherwise. The client
 * secret and all keys are new with each start, and nothing outlives the process. Rejects when the port is taken.
 */
export async function startDemoProvider(options: DemoProviderOptions): Promise<DemoProvider> {
  // The provider must know its issuer, and that has a port in it: listen first, and let early requests wait.
  const server = createServer((request, response) => void serve(handler, request, response));
  const issuer = `http://${options.host}:${await listen(server, options.host, options.port)}`;
  const clientSecret = randomBytes(CLIENT_SECRET_BYTES).toString("base64url");
  const handler = createHandler(issuer, clientSecret, options);
  await handler;
  const close = () => new Promise<void>((resolve) => (server.close(() => resolve()), server.closeAllConnections()));
  return { ...describe(issuer), clientId: demoClient.id, clientSecret, scopes: demoScopes, furtherScopes: demoFurtherScopes, close };
}

async function serve(handler: Promise<Handler>, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    await (
      await handler
    )(request, response);
  } catch {
    if (!response.headersSent) sendPage(response, 500, errorPage("The demo provider could not do that."));
  }
}

async function createHandler(issuer: string, clientSecret: string, options: DemoProviderOptions): Promise<Handler> {
  const { redirectUris, accessTokenSeconds = DEMO_ACCESS_TOKEN_SECONDS } = options;
  const store = createMemoryStore();
  const OidcProvider = await loadOidcProvider();
  const provider = new OidcProvider(issuer, await createConfiguration({ store, clientSecret, redirectUris, accessTokenSeconds }));
  const standard = provider.callback();
  return async (request, response) => {
    const { pathname } = new URL(request.url ?? "/", issuer);
    if (pathname === "/") return seeOther(response, GRANTS_PATH);
    if (pathname === ME_PATH) return answerMe(provider, request, response);
    if (pathname === GRANTS_PATH) return answerGrants(provider, store, request, response);
    if (pathname.startsWith("/interaction/")) return answerInteraction(provider, request, response);
    return standard(request, response);
  };
}

function describe(issuer: string): Pick<DemoProvider, "issuer" | "apiUrl" | "grantsUrl" | "provider"> {
  const provider = {
    issuer,
    authorization_endpoint: `${issuer}${demoPaths.authorization}`,
    token_endpoint: `${issuer}${demoPaths.token}`,
    revocation: { url: `${issuer}${demoPaths.revocation}` },
    userinfo: [{ url: `${issuer}${demoPaths.userinfo}` }],
    iss_parameter: true,
    refresh: { kills_old_token: false },
    // Without asking for consent oidc-provider drops offline_access (OpenID Connect Core section 11), and so the refresh token.
    authorization_params: { prompt: "consent" },
    api: { base_url: issuer },
  };
  return { issuer, apiUrl: `${issuer}${ME_PATH}`, grantsUrl: `${issuer}${GRANTS_PATH}`, provider };
}
