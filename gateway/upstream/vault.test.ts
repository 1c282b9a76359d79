import { noLimits } from "../http/rate-limits.ts";
import { startAuthorizationServer } from "../../test/support/authorization-server.ts";
import { createManualClock } from "../upstream-suite/manual-clock.ts";
import { createTestDatabase, type DatabaseKind, databaseKinds } from "../../test/support/databases.ts";
import { createTestConfig } from "../../test/support/test-app.ts";
import { openUpstream } from "../upstream-suite/open.ts";
import { createSecret } from "../store/sealing.ts";
import { codeConnector, suiteConnectors } from "../../test/support/suite-connectors.ts";
import type { UpstreamHarness } from "../upstream-suite/harness.ts";
import { describeUpstream } from "../upstream-suite/upstream.ts";

async function createVaultHarness(kind: DatabaseKind): Promise<UpstreamHarness> {
  const clock = createManualClock();
  const provider = await startAuthorizationServer({ now: clock.now });
  const testDatabase = await createTestDatabase(kind);
  const config = createTestConfig(provider, testDatabase, { connectors: [...suiteConnectors(provider), codeConnector(provider)] });
  const { services, upstream, close } = await openUpstream(config, clock);
  const { pages } = upstream;
  if (!pages) throw new TypeError("The pages before a vault are the gateway's own.");

  return {
    catalog: upstream.catalog,
    platform: upstream.forPlatform(),
    provider,
    clock,
    enterCode: provider.controls.devices.approve,
    async signIn(id, groupId) {
      const { user } = await services.auth.provisionUser({ id, ...(groupId !== undefined && { groupId }) });
      const viewer = { userId: user.id, groupId: user.groupId, name: user.name };
      const browser = createSecret();
      return {
        viewer,
        connections: pages.callerOf(viewer, noLimits).connectionsIn({ bind: () => browser, link: null }),
        async visit(authorizeUrl) {
          const callback = await provider.authorize(authorizeUrl ?? "");
          const slug = callback.pathname.split("/").at(-1) ?? "";
          await pages.vault.finish(slug, callback.searchParams, { browser: () => browser, userId: id });
        },
      };
    },
    async close() {
      await close();
      await provider.close();
      await testDatabase.drop();
    },
  };
}

for (const kind of databaseKinds) describeUpstream(`the vault on ${kind}`, () => createVaultHarness(kind));
