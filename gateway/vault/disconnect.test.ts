import { afterEach, describe, expect, it } from "vitest";
import type { App } from "../app.ts";
import { databaseKinds } from "../../test/support/databases.ts";
import { listen, sendText } from "../../test/support/server-io.ts";
import { ask, sendTo, startTestApp, type TestApp, type TestUser } from "../../test/support/test-app.ts";
import { askToken } from "../../test/support/vault.ts";

let test: TestApp;
afterEach(() => test?.close());

const DISCONNECT = `mutation { disconnect(where: { slug: "test" }) { id enabled } }`;

describe.each(databaseKinds)("disconnecting, on %s", (database) => {
  async function connected(): Promise<TestUser> {
    test = await startTestApp({ database });
    const ada = await test.signIn("ada");
    await ada.connect();
    return ada;
  }

  async function expectDisconnected(user: TestUser, via: App): Promise<void> {
    const { data, errors } = await ask(sendTo(via), DISCONNECT, {}, { authorization: `Bearer ${await user.bearer()}` });
    expect(errors).toEqual([]);
    expect(data.disconnect).toMatchObject({ enabled: true });
    expect((await askToken(user)).__typename).toBe("NotConnected");
    expect(test.logged.join()).toContain("not revoked at the provider");
  }

  it("succeeds when the configuration now asks for a field that was not filled in", async () => {
    const ada = await connected();
    const provider = { ...test.provider.providerFacts, revocation_endpoint: "https://{subdomain}.example.com/revoke" };
    await expectDisconnected(ada, await test.startTwin({ provider, collect: { fields: [{ name: "subdomain", label: "Your address" }] } }));
  });

  it("succeeds when the provider answers the revocation with a status beyond 599", async () => {
    const ada = await connected();
    const denying = await listen(async (_request, response) => sendText(response, 999, "Denied"));
    const provider = { ...test.provider.providerFacts, revocation_endpoint: denying.url };
    await expectDisconnected(ada, await test.startTwin({ provider }));
    await denying.close();
  });
});
