import { afterEach, describe, expect, it } from "vitest";
import { ask, sendTo, startTestApp, type TestApp, type TestUser } from "../../test/support/test-app.ts";
import { askToken, HOUR_MS, inStore, isAccepted, onlyAuthorization, refreshRequests } from "../../test/support/vault.ts";

let test: TestApp;
afterEach(() => test?.close());

async function connected(): Promise<TestUser> {
  test = await startTestApp({ connector: { supports_multiple_connections: false } });
  const ada = await test.signIn("ada");
  await ada.connect();
  return ada;
}

const formerClient = () => {
  const { clientId: client_id, clientSecret: client_secret } = test.provider.client;
  return { client_id, client_secret };
};

/** The store says that another client made the only grant; null: as rows of earlier releases, nothing. */
const setClient = (client_id: string | null) => inStore(test, (query) => query.updateTable("authorizations").set({ client_id }).execute());

const clientChanged = { __typename: "ReconnectRequired", reason: "CLIENT_CHANGED" };
const aboutClients = () => test.logged.filter((line) => line.includes("previous_clients"));

describe("a grant of a client id that the connector had before", () => {
  it("is refreshed by that client where it is among previous_clients", async () => {
    const ada = await connected();
    const twin = await test.startTwin({ client_id: "new-client", client_secret: "new-secret", previous_clients: [formerClient()] });
    test.clock.advance(HOUR_MS);
    const { value } = await askToken(ada, { via: twin });
    expect(await isAccepted(test, value)).toBe(true);
    expect((await onlyAuthorization(test)).client_id).toBe(test.provider.client.clientId);
  });

  it("is revoked by that client", async () => {
    const ada = await connected();
    const { value } = await askToken(ada);
    const twin = await test.startTwin({ client_id: "new-client", client_secret: "new-secret", previous_clients: [formerClient()] });
    const { errors } = await ask(sendTo(twin), `mutation { disconnect(where: { slug: "test" }) { id } }`, undefined, {
      authorization: `Bearer ${await ada.bearer()}`,
    });
    expect(errors).toEqual([]);
    expect(await isAccepted(test, value)).toBe(false);
  });

  it("gives its token until that ends, and then asks to reconnect, where it is not", async () => {
    const ada = await connected();
    await setClient("former-client");
    expect((await askToken(ada)).__typename).toBe("AccessToken");
    test.clock.advance(HOUR_MS);
    expect(await askToken(ada)).toMatchObject(clientChanged);
    expect(refreshRequests(test)).toHaveLength(0);
    const { data } = await ada.graphql(`{ connections { authorization { health healthCode problem { title } } } }`);
    expect(data.connections[0].authorization).toEqual({
      health: "RECONNECT_REQUIRED",
      healthCode: "client_changed",
      problem: { title: "This app has changed how it connects to Test." },
    });
  });

  it("is mended by connecting again", async () => {
    const ada = await connected();
    await setClient("former-client");
    test.clock.advance(HOUR_MS);
    await askToken(ada);
    await ada.connect();
    expect((await onlyAuthorization(test)).client_id).toBe(test.provider.client.clientId);
    test.clock.advance(HOUR_MS);
    expect((await askToken(ada)).__typename).toBe("AccessToken");
  });

  it("leaves no refresh token to the grant that replaces it", async () => {
    const ada = await connected();
    await setClient("former-client");
    test.provider.controls.next("omit-refresh-token");
    await ada.connect();
    expect((await onlyAuthorization(test)).sealed_refresh_token).toBeNull();
  });

  it("is named once in the log, with both ids", async () => {
    const ada = await connected();
    await setClient("former-client");
    test.clock.advance(HOUR_MS);
    await askToken(ada);
    await askToken(ada);
    expect(aboutClients()).toHaveLength(1);
    expect(aboutClients()[0]).toContain("former-client");
    expect(aboutClients()[0]).toContain(test.provider.client.clientId);
  });
});

describe("a grant whose client is not stored", () => {
  it("counts as made by the current one", async () => {
    const ada = await connected();
    await setClient(null);
    test.clock.advance(HOUR_MS);
    expect((await askToken(ada)).__typename).toBe("AccessToken");
  });
});
