import { randomUUID } from "node:crypto";
import { afterEach, describe, expect, it } from "vitest";
import { databaseKinds } from "../../test/support/databases.ts";
import { startTestApp, type TestApp, type TestUser } from "../../test/support/test-app.ts";
import { ATTEMPT_LIFETIME_SECONDS } from "./attempts.ts";
import { MAXIMUM_ATTEMPTS } from "./pending.ts";
import { inStore } from "../../test/support/vault.ts";

let test: TestApp;
afterEach(() => test?.close());

const ATTEMPT_MS = ATTEMPT_LIFETIME_SECONDS * 1_000;
const CONNECT = `mutation ($id: ID) { connect(slug: "test", id: $id) { id authorization { authorizeUrl } } }`;
const DISCONNECT = `mutation ($id: ID!) { disconnect(where: { id: $id }) { id } }`;

describe.each(databaseKinds)("a connection that is begun and not finished, on %s", (database) => {
  async function signedIn(): Promise<TestUser> {
    test = await startTestApp({ database });
    return test.signIn("ada");
  }

  const begin = (user: TestUser, id: string | null = randomUUID()) => user.graphql(CONNECT, { id });
  const idsOf = async (user: TestUser): Promise<string[]> =>
    (await user.graphql("{ connections { id } }")).data.connections.map(({ id }: { id: string }) => id);
  const countRows = (table: "attempts" | "authorizations") =>
    inStore(test, async (query) => (await query.selectFrom(table).selectAll().execute()).length);

  it("is deleted with its attempt, once that is over and another one begins", async () => {
    const ada = await signedIn();
    for (let count = 0; count < 3; count += 1) await begin(ada);
    test.clock.advance(ATTEMPT_MS - 1);
    const { id: late } = (await begin(ada)).data.connect;
    expect(await idsOf(ada)).toHaveLength(4);
    test.clock.advance(1);
    const { id: next } = (await begin(ada)).data.connect;
    expect(new Set(await idsOf(ada))).toEqual(new Set([late, next]));
    expect([await countRows("attempts"), await countRows("authorizations")]).toEqual([2, 2]);
  });

  it("is kept when it is another user's, finished, or was finished once", async () => {
    const ada = await signedIn();
    const bob = await test.signIn("bob");
    const { id: theirs } = (await begin(bob)).data.connect;
    await ada.connect();
    const [active] = await idsOf(ada);
    const { id, authorization } = (await begin(ada)).data.connect;
    await ada.browser.fetch((await test.provider.authorize(authorization.authorizeUrl)).href);
    await ada.graphql(DISCONNECT, { id });
    test.clock.advance(1);
    await begin(ada, id);
    test.clock.advance(ATTEMPT_MS);
    const { id: next } = (await begin(ada)).data.connect;
    expect(new Set(await idsOf(ada))).toEqual(new Set([active, id, next]));
    expect(await idsOf(bob)).toEqual([theirs]);
  });

  it("is deleted when it was begun twice, or disconnected before it was finished", async () => {
    const ada = await signedIn();
    const { id: twice } = (await begin(ada)).data.connect;
    test.clock.advance(1);
    await begin(ada, twice);
    const { id: ended } = (await begin(ada)).data.connect;
    await ada.graphql(DISCONNECT, { id: ended });
    const { id: third } = (await begin(ada)).data.connect;
    expect(new Set(await idsOf(ada))).toEqual(new Set([twice, third]));
    test.clock.advance(ATTEMPT_MS);
    const { id: last } = (await begin(ada)).data.connect;
    expect(await idsOf(ada)).toEqual([last]);
  });

  it("is one of at most a hundred attempts of a user: further ones are refused meanwhile", { timeout: 60_000 }, async () => {
    await signedIn();
    const [ada, ben] = [await test.signIn("ada", "acme"), await test.signIn("ben", "acme")];
    for (let count = 0; count < MAXIMUM_ATTEMPTS; count += 1)
      expect((await begin(ada, count % 2 ? null : randomUUID())).errors).toEqual([]);
    const refusal = [{ extensions: { code: "RATE_LIMITED", retryAfter: ATTEMPT_LIFETIME_SECONDS } }];
    for (const id of [randomUUID(), null]) expect((await begin(ada, id)).errors).toMatchObject(refusal);
    expect((await begin(ben)).errors).toEqual([]);
    test.clock.advance(ATTEMPT_MS);
    expect((await begin(ada)).errors).toEqual([]);
  });
});
