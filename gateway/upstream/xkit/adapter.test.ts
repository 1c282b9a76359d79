import {
  contractLacks,
  createFakeHarness,
  createOwnUsersHarness,
  createPlainHarness,
  createPlainOwnUsersHarness,
  gatewayLacks,
  ownUsersLacks,
  plainLacks,
  plainOwnUsersLacks,
} from "../../../test/support/fake-xkit-harness.ts";
import { startSecondGateway, visit } from "../../../test/support/second-gateway.ts";
import { openXkit } from "../../../test/support/upstream.ts";
import { suiteConnectors } from "../../../test/support/suite-connectors.ts";
import type { UpstreamHarness } from "../../upstream-suite/harness.ts";
import { describeUpstream } from "../../upstream-suite/upstream.ts";

async function createXkitHarness(): Promise<UpstreamHarness> {
  const gateway = await startSecondGateway((provider) => ({ connectors: suiteConnectors(provider) }));
  const { clock, provider } = gateway;
  const { upstream, identify, close } = await openXkit(gateway, provider, clock);

  return {
    catalog: upstream.catalog,
    platform: upstream.forPlatform(),
    provider,
    clock,
    async signIn(id, groupId) {
      const { token } = await gateway.provision(id, groupId);
      return { ...(await identify(token)), visit: async (authorizeUrl) => void (await visit(gateway, authorizeUrl)) };
    },
    async close() {
      await close();
      await gateway.close();
    },
  };
}

describeUpstream("the xkit adapter before a second gateway", createXkitHarness, gatewayLacks);
describeUpstream("the xkit adapter before a service of the contract", createFakeHarness, contractLacks);
describeUpstream("the xkit adapter with users of its own before a service of the contract", createOwnUsersHarness, ownUsersLacks);
describeUpstream("the xkit adapter before a plain service that says who is asking", createPlainHarness, plainLacks);
describeUpstream("the xkit adapter with users of its own before a plain service", createPlainOwnUsersHarness, plainOwnUsersLacks);
