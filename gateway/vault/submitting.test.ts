import { afterEach, describe, expect, it } from "vitest";
import { databaseKinds } from "../../test/support/databases.ts";
import { startTestApp, type TestApp, type TestUser } from "../../test/support/test-app.ts";
import { askToken, inStore, onlyAuthorization } from "../../test/support/vault.ts";
import type { AuthorizationRow } from "../store/tables.ts";

let test: TestApp;
afterEach(() => test?.close());

const CONNECT = `mutation { connect(slug: "test") { authorization { state } } }`;
const SUBMIT = `mutation ($state: String!, $fields: [FieldInput!]!) { submitAuthorization(state: $state, fields: $fields) { authorizeUrl } }`;

describe.each(databaseKinds)("fields submitted while the callback is under way, on %s", (database) => {
  /** Ada back from the provider with what `eu` has granted, its exchange held; `current`: what is stored by then. */
  async function exchanging() {
    test = await startTestApp({ database, connector: { collect: { fields: [{ name: "region", label: "Region" }] } } });
    const ada = await test.signIn("ada");
    const { state } = (await ada.graphql(CONNECT)).data.connect.authorization;
    const { data } = await submit(ada, state, "eu");
    const callback = await test.provider.authorize(data.submitAuthorization.authorizeUrl);
    const hold = test.provider.controls.hold();
    const finishing = ada.browser.fetch(callback.href);
    await hold.arrived(1);
    return { ada, state, hold, finishing, current: await onlyAuthorization(test) };
  }

  const submit = (user: TestUser, state: string, region: string) =>
    user.graphql(SUBMIT, { state, fields: [{ name: "region", value: region }] });

  /** As a submit finds it that looked a moment before the callback, and writes a moment after. */
  const turnBack = (status: AuthorizationRow["status"]) =>
    inStore(test, async (query) => {
      await query.updateTable("attempts").set({ used_at: null }).execute();
      await query.updateTable("authorizations").set({ status }).execute();
    });

  it("are refused once it is under way", async () => {
    const { ada, state, hold, finishing, current } = await exchanging();
    await turnBack("retrieving_tokens");
    expect((await submit(ada, state, "us")).errors).toMatchObject([{ extensions: { code: "NOT_FOUND" } }]);
    expect((await onlyAuthorization(test)).sealed_fields).toBe(current.sealed_fields);
    hold.release();
    await finishing;
    expect((await askToken(ada)).__typename).toBe("AccessToken");
    await turnBack("active");
    expect((await submit(ada, state, "us")).errors).toMatchObject([{ extensions: { code: "NOT_FOUND" } }]);
  });

  it("do not become those of a grant that was exchanged with others", async () => {
    const { ada, state, hold, finishing, current } = await exchanging();
    await turnBack("awaiting_callback");
    expect((await submit(ada, state, "us")).errors).toEqual([]);
    hold.release();
    await finishing;
    expect(await onlyAuthorization(test)).toMatchObject({ status: "active", sealed_fields: current.sealed_fields });
  });
});
