import { createLog } from "../runtime/log.ts";
import { openServices } from "../services.ts";
import { startAuthorizationServer } from "../../test/support/authorization-server.ts";
import { createManualClock } from "../../test/support/clock.ts";
import { createTestDatabase, type DatabaseKind, databaseKinds } from "../../test/support/databases.ts";
import { createTestConfig } from "../../test/support/test-app.ts";
import { createSecret } from "../store/sealing.ts";
import { suiteConnectors, type UpstreamHarness } from "../../test/upstream-suite/harness.ts";
import { describeUpstream } from "../../test/upstream-suite/upstream.ts";
import { createVaultUpstream } from "./vault.ts";

async function createVaultHarness(kind: DatabaseKind): Promise<UpstreamHarness> {
  const clock = createManualClock();
  const provider = await startAuthorizationServer({ now: clock.now });
  const testDatabase = await createTestDatabase(kind);
  const config = createTestConfig(provider, testDatabase, { connectors: suiteConnectors(provider) });
  const log = createLog("silent");
  const { database, sealer, macs, auth, close } = await openServices(config, clock, log);
  const { connectors, publicUrl, platform, providerTimeoutMs: timeoutMs, requestDeadlineMs, spoolDirectory } = config;
  const users = { ...auth.users, provision: auth.provisionUser };
  const upstream = await createVaultUpstream({
    database,
    sealer,
    macs,
    connectors,
    clock,
    log,
    publicUrl,
    timeoutMs,
    requestDeadlineMs,
    spoolDirectory,
    users,
    platform,
  });

  return {
    catalog: upstream.catalog,
    platform: upstream.forPlatform(),
    provider,
    clock,
    async signIn(id, groupId) {
      const { user } = await auth.provisionUser({ id, ...(groupId !== undefined && { groupId }) });
      const viewer = { userId: user.id, groupId: user.groupId, name: user.name };
      const browser = createSecret();
      const stillAllowed = async () => (await auth.users.find(id))?.groupId === user.groupId;
      return {
        viewer,
        connections: upstream.users.forUser({ viewer, bind: () => browser, link: null, stillAllowed }),
        async visit(authorizeUrl) {
          const callback = await provider.authorize(authorizeUrl ?? "");
          const slug = callback.pathname.split("/").at(-1) ?? "";
          await upstream.vault?.finish(slug, callback.searchParams, { browser: () => browser, userId: id });
        },
      };
    },
    async close() {
      upstream.endSubscriptions();
      await upstream.close();
      await close();
      await provider.close();
      await testDatabase.drop();
    },
  };
}

for (const kind of databaseKinds) describeUpstream(`the vault on ${kind}`, () => createVaultHarness(kind));
