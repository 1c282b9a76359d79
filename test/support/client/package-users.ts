/** Sources of those who use the package, as its test compiles them. */

/** A server that asks a gateway, and one with a gateway in its own process, before an adapter of its own. */
export const SERVER = `
import type contract from "@xkit-gateway/client/schema.graphql";
import possibleTypes from "@xkit-gateway/client/possibleTypes.json" with { type: "json" };
import { createServer, type OwnedTokenResult, type Server } from "@xkit-gateway/client/server";
import type sameContract from "xkit-gateway/schema.graphql";
import { createApp, fingerprintOf, notConnected, notFound, ownerOfViewer, parseConfig, startGateway } from "xkit-gateway";
import type { AccessTokenOutcome, Config, OpenUpstream, OwnerConnections } from "xkit-gateway";

const config: Config = parseConfig(process.env, null);
export const app: Promise<{ fetch: (request: Request) => Promise<Response> }> = createApp(config);

const nothing: OwnerConnections = {
  find: async () => null,
  list: async () => [],
  accessToken: async ({ slug }): Promise<AccessTokenOutcome> => notConnected(slug ?? fingerprintOf("x"), "https://app.example.com"),
};
const upstream: OpenUpstream = ({ connectorUrl }) => ({
  listConnectors: async () => [],
  connectionsOf: () => nothing,
  forUser: (viewer) => ({
    ...nothing,
    disconnect: () => Promise.reject(notFound(ownerOfViewer(viewer).id)),
    connectPage: ({ slug }) => connectorUrl(slug),
  }),
});

export const owners: readonly string[] = possibleTypes.Owner;
export type Kind = typeof contract.kind & typeof sameContract.kind;
const gateway: Server = createServer({ url: "https://connect.example.com", apiKey: { publishable: "pk_x", secret: "sk_x" } });
export const asked = (): Promise<OwnedTokenResult> => gateway.user("ada").getToken("slack");
export const before = (): Promise<unknown> => startGateway(config, { upstream });
`;

/** A page in React, by every hook. */
export const PAGE = `
import { createClient, createXkit, isAccessToken, NoAccessTokenError, ViewerDocument, type Xkit } from "@xkit-gateway/client";
import { Catalog, useAccessToken, useConnect, useConnection, useConnectors, useViewer, useXkitFetch, XkitProvider } from "@xkit-gateway/client/react";
import "@xkit-gateway/client/catalog.css";
import type { Xkit as Moved } from "xkit-gateway/client";
import { Catalog as MovedCatalog } from "xkit-gateway/react";
import type { ReactElement } from "react";

const xkit: Xkit = createXkit("https://connect.example.com");
export const moved: Moved = xkit;
export const MovedPage: typeof Catalog = MovedCatalog;
export const token: Promise<string | null> = xkit.getConnectionToken("slack", { minimumTtl: 60 });
export const client = createClient({ session: xkit.session });
export const viewerId = async (): Promise<string | undefined> => (await client.query(ViewerDocument, {})).data?.viewer?.id;
export const error = (thrown: unknown): string | null => (thrown instanceof NoAccessTokenError ? thrown.outcome.message : null);
export const expiry = async (): Promise<string | null> => {
  const outcome = await xkit.getToken({ slug: "slack" });
  return isAccessToken(outcome) ? outcome.expiresAt : outcome.message;
};

// @ts-expect-error: a connection is named by a slug or an id.
void xkit.getConnection({ name: "slack" });

export function Page(): ReactElement {
  const [{ data: viewer }] = useViewer();
  const [{ data: connectors }] = useConnectors();
  const [{ data: connection }] = useConnection("slack");
  const [{ token: live }] = useAccessToken("slack", { minimumTtl: 60 });
  const [{ fetching }, connect] = useConnect();
  const fetchSlack = useXkitFetch("slack");
  return (
    <XkitProvider xkit={xkit}>
      <button disabled={fetching} onClick={() => void connect("slack").then(() => fetchSlack("https://slack.com/api"))}>
        {viewer?.name} {connectors?.length} {connection?.authorization?.status} {live}
      </button>
      <Catalog basePath="/integrations" title="Integrations" theme={{ scheme: "dark" }} filter={({ slug }) => slug !== "x"} />
    </XkitProvider>
  );
}
`;

/** Beside the documented adapter and its test: what the types of the suite take and refuse. */
export const ADAPTER_TESTS = `
import "./adapter.test.ts";
import "./gateway.ts";
import { type AdapterHarness, describeAdapter } from "xkit-gateway/upstream-suite";

declare const harness: () => AdapterHarness;
const scriptedProvider = "the app talks to the provider";
describeAdapter("with a reason", harness, { scriptedProvider });
// @ts-expect-error: a harness without a provider has to say why.
describeAdapter("without a provider", harness, {});
// @ts-expect-error: the reason is blank.
describeAdapter("blank", harness, { scriptedProvider, connecting: "" });
// @ts-expect-error: true is not a reason.
describeAdapter("true", harness, { scriptedProvider, connecting: true });
// @ts-expect-error: there is no such capability.
describeAdapter("misspelt", harness, { scriptedProvider, conecting: "users connect elsewhere" });
`;
