import type { Lacks } from "../../gateway/upstream-suite/capabilities.ts";
import type { UpstreamHarness } from "../../gateway/upstream-suite/harness.ts";
import { createTestDatabase, type DatabaseKind } from "./databases.ts";
import { nangoEnvironment, startNangoWorld, visitNango } from "./nango.ts";
import { listen, sendText } from "./server-io.ts";
import { suiteCatalog } from "./suite-connectors.ts";
import { createTestConfig } from "./test-app.ts";
import { identify, openUpstream } from "../../gateway/upstream-suite/open.ts";

/** What Nango does not tell, or does otherwise. */
export const nangoLacks: Lacks = {
  listsConnections: "the adapter asks Nango for the connections of one owner at a time",
  deletesUsers: "the connections are Nango's",
  importing: "Nango has an import of its own",
  connectionActions: "the adapter acts for the signed-in user alone",
  keepsDisconnected: "Nango deletes a connection that is disconnected",
  keepsFailed: "Nango tells of a failed attempt without its tags",
  endsWithMembership: "a link of Nango's connects for the owner that it was made for, until it expires",
  collects: "Nango's own page asks for what a connector needs",
  revokes: "Nango revokes grants at few providers",
  describesGrants: "Nango lists connections without scopes and expiry",
  namesAccount: "Nango lists connections without their accounts",
  health: "Nango lists that the last refresh failed, neither since when nor why",
  grantLife: "Nango tells no end of a grant",
  deviceCodes: "users connect on Nango's own page",
  apiAccess: "the adapter does not know where a provider's API is",
  kinds: "Nango has one token of a connection",
  startsScopes: "Nango's integration says what is asked for",
  ended: "Nango does not say why a refresh failed",
  misconfigured: "Nango does not say why a refresh failed",
};

/** The suite's catalog, as the configuration states it by Nango's integrations. */
const connectors = [{ slug: "test", name: "Test", supports_multiple_connections: true }, ...suiteCatalog].map((connector) => {
  const { collect: _collect, ...stated } = { collect: null, ...connector };
  const metadata = connector.slug === "single" ? { account_id: "metadata:account_id" } : {};
  return { ...stated, metadata, integration: connector.slug };
});

/** The adapter before a fake of Nango, which sends webhooks to it or not. What is started is in a store of that kind. */
export async function createNangoHarness({ kind, hasWebhooks }: { kind: DatabaseKind; hasWebhooks: boolean }): Promise<UpstreamHarness> {
  const world = await startNangoWorld();
  const { provider, clock, nango } = world;
  const database = await createTestDatabase(kind);
  const env = { ...nangoEnvironment(world), ...(hasWebhooks && { XKIT_NANGO_WEBHOOK_KEY: nango.webhooks.signingKey }) };
  const { services, upstream, close } = await openUpstream(createTestConfig(provider, database, { file: { connectors }, env }), clock);
  const receiver = await listen(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
    const headers = { "x-nango-hmac-sha256": String(request.headers["x-nango-hmac-sha256"]) };
    const init = { method: "POST", body: Buffer.concat(chunks), headers };
    const answer = await upstream.webhook?.receive(new Request("http://localhost:4000/webhooks/nango", init));
    sendText(response, answer?.status ?? 404, "");
  });
  nango.webhooks.url = hasWebhooks ? receiver.url : null;

  return {
    catalog: upstream.catalog,
    platform: upstream.forPlatform(),
    provider,
    clock,
    async signIn(id, groupId) {
      const { token } = await upstream.forPlatform().provisionUser({ id, ...(groupId !== undefined && { groupId }) });
      return { ...(await identify({ services, upstream }, token)), visit: visitNango };
    },
    async close() {
      await close();
      await receiver.close();
      await world.close();
      await database.drop();
    },
  };
}
