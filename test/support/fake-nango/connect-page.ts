/** The page behind `connect_link`, and the callback of the provider. A browser that follows redirects walks all of it. */
import { randomBytes, randomUUID } from "node:crypto";
import type { ServerResponse } from "node:http";
import { sendText } from "../server-io.ts";
import { authorizeUrlOf, oauthOf, redeemCode } from "./grants.ts";
import {
  addConnection,
  type ConnectSession,
  type Credentials,
  findIntegration,
  findSession,
  type Integration,
  overrideConnection,
  type State,
} from "./state.ts";
import type { Webhooks } from "./webhooks.ts";

export interface ConnectPage {
  /** `GET /connect`: to the provider, or a form. */
  open(search: URLSearchParams, response: ServerResponse): void;
  /** `POST /connect`: what the form asked for. */
  submit(search: URLSearchParams, form: URLSearchParams, response: ServerResponse): Promise<void>;
  /** `GET /oauth/callback` */
  finish(search: URLSearchParams, response: ServerResponse): Promise<void>;
}

interface Dependencies {
  state: State;
  webhooks: Pick<Webhooks, "tell">;
  callbackUrl: () => string;
}

interface Started {
  session: ConnectSession;
  integration: Integration;
}

export function createConnectPage(dependencies: Dependencies): ConnectPage {
  const { state, callbackUrl } = dependencies;

  function startedBy(search: URLSearchParams): Started | null {
    const session = findSession(state, search.get("session_token") ?? "");
    const [key, ...others] = session?.allowedIntegrations ?? [];
    const integration = findIntegration(state, search.get("integration") ?? (others.length === 0 ? (key ?? "") : ""));
    return session && integration ? { session, integration } : null;
  }

  return {
    open(search, response) {
      const started = startedBy(search);
      if (!started) return sendText(response, 401, "This session has ended.");
      const { session, integration } = started;
      if (integration.authMode !== "OAUTH2") return sendText(response, 200, "Type your credentials.");
      const oauthState = randomBytes(16).toString("hex");
      state.pendingOAuth.set(oauthState, { session, integration });
      const location = authorizeUrlOf(oauthOf(integration), callbackUrl(), oauthState);
      response.writeHead(302, { location }).end();
    },

    async submit(search, form, response) {
      const started = startedBy(search);
      if (!started) return sendText(response, 401, "This session has ended.");
      await succeed(dependencies, started, typedCredentials(started.integration, form));
      sendText(response, 200, "Connected. You can close this page.");
    },

    async finish(search, response) {
      const pending = state.pendingOAuth.get(search.get("state") ?? "");
      state.pendingOAuth.delete(search.get("state") ?? "");
      if (!pending) return sendText(response, 400, "Unknown state.");
      const code = search.get("code");
      const credentials = code === null ? null : await redeemCode(oauthOf(pending.integration), code, callbackUrl(), state.now);
      if (!credentials) {
        await fail(dependencies, pending, search.get("error") ?? "callback_error");
        return sendText(response, 400, "Not connected.");
      }
      await succeed(dependencies, pending, credentials);
      sendText(response, 200, "Connected. You can close this page.");
    },
  };
}

async function succeed({ state, webhooks }: Dependencies, { session, integration }: Started, credentials: Credentials): Promise<void> {
  const { tags, endUser, reconnects } = session;
  if (reconnects) overrideConnection(reconnects, credentials, tags);
  const held =
    reconnects ??
    addConnection(state, { providerConfigKey: integration.uniqueKey, credentials, tags, endUser, metadata: integration.noted ?? null });
  await webhooks.tell({ held, operation: reconnects ? "override" : "creation", endUser });
}

/** Of a connection that was not made, the webhook has an id that is none, and no tags. */
async function fail({ webhooks }: Dependencies, { session, integration }: Started, type: string): Promise<void> {
  const { reconnects } = session;
  const error = { type, description: "The connection could not be made." };
  const unmade = { connectionId: randomUUID(), providerConfigKey: integration.uniqueKey };
  await webhooks.tell({ held: reconnects ?? unmade, operation: reconnects ? "override" : "creation", error });
}

const typedCredentials = ({ authMode }: Integration, form: URLSearchParams): Credentials =>
  authMode === "BASIC"
    ? { type: "BASIC", username: form.get("username") ?? "", password: form.get("password") ?? "" }
    : { type: "API_KEY", apiKey: form.get("apiKey") ?? "" };
