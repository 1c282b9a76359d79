import { createLog } from "../../runtime/log.ts";
import { createFakeHarness, createPlainHarness, plainLacks } from "../../../test/support/fake-xkit-harness.ts";
import { startSecondGateway, visit } from "../../../test/support/second-gateway.ts";
import { suiteConnectors, type UpstreamHarness } from "../../../test/upstream-suite/harness.ts";
import { describeUpstream } from "../../../test/upstream-suite/upstream.ts";
import { createXkitUpstream } from "./adapter.ts";

async function createXkitHarness(): Promise<UpstreamHarness> {
  const gateway = await startSecondGateway((provider) => ({ connectors: suiteConnectors(provider) }));
  const { url, keys, clock, provider } = gateway;
  const log = createLog("silent");
  const upstream = createXkitUpstream({ url, keys, clock, log, publicUrl: "http://localhost:4000", timeoutMs: 10_000 });

  return {
    catalog: upstream.catalog,
    platform: upstream.forPlatform(),
    provider,
    clock,
    async signIn(id, groupId) {
      const { token } = await gateway.provision(id, groupId);
      const viewer = await upstream.users.whoIs(token);
      return {
        viewer,
        connections: upstream.users.forBearer(token, () => upstream.users.whoIs(token)),
        visit: async (authorizeUrl) => void (await visit(gateway, authorizeUrl)),
      };
    },
    async close() {
      upstream.endSubscriptions();
      await upstream.close();
      await gateway.close();
    },
  };
}

describeUpstream("the xkit adapter before a second gateway", createXkitHarness);
describeUpstream("the xkit adapter before a service of the contract", createFakeHarness);
describeUpstream("the xkit adapter before a plain service that says who is asking", createPlainHarness, plainLacks);
