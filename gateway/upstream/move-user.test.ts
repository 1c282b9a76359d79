import { afterEach, expect, it } from "vitest";
import { createServerHeaders } from "../../test/support/caller.ts";
import { databaseKinds } from "../../test/support/databases.ts";
import { ask, sendTo, startTestApp, type TestApp } from "../../test/support/test-app.ts";
import { takeStoreAway } from "../../test/support/vault.ts";

let test: TestApp;
afterEach(() => test.close());

const MOVE = `mutation ($id: ID!, $groupId: ID) { moveUser(input: { id: $id, groupId: $groupId }) {
  user { id groupId } previousGroupId connections { status connection { id enabled } } } }`;

it.each(databaseKinds)(
  "a user who moves sees the new group's connections in every process, and takes none along, on %s",
  async (database) => {
    test = await startTestApp({ database });
    const server = await createServerHeaders(test);
    const twin = await test.startTwin();
    const ada = await test.signIn("ada");
    await ada.connect();
    const ids = async (via = test.app) => {
      const { data } = await ask(sendTo(via), "{ connections { id } }", {}, { authorization: `Bearer ${await ada.bearer()}` });
      return data.connections.map(({ id }: { id: string }) => id);
    };
    const [own] = await ids();
    expect(await ids(twin)).toEqual([own]);
    const move = (groupId: string | null) => ask(sendTo(test.app), MOVE, { id: "ada", groupId }, server);
    expect((await move("acme")).data.moveUser).toEqual({
      user: { id: "ada", groupId: "acme" },
      previousGroupId: null,
      connections: [{ status: "KEPT_UNSEEN", connection: { id: own, enabled: true } }],
    });
    for (const via of [test.app, twin]) await expect.poll(() => ids(via)).toEqual([]);
    await ada.connect();
    const [shared] = await ids();
    expect((await move(null)).data.moveUser).toEqual({
      user: { id: "ada", groupId: null },
      previousGroupId: "acme",
      connections: [
        { status: "SEEN", connection: { id: own, enabled: true } },
        { status: "LEFT_WITH_GROUP", connection: { id: shared, enabled: true } },
      ],
    });
    for (const via of [test.app, twin]) await expect.poll(() => ids(via)).toEqual([own]);
  },
);

it("a user whose connections cannot be read is not moved", async () => {
  test = await startTestApp();
  const server = await createServerHeaders(test);
  await test.signIn("ada");
  const store = await takeStoreAway(test);
  expect((await ask(sendTo(test.app), MOVE, { id: "ada", groupId: "acme" }, server)).errors).toHaveLength(1);
  await store.comeBack();
  expect((await ask(sendTo(test.app), `{ user(id: "ada") { groupId } }`, {}, server)).data.user).toEqual({ groupId: null });
});

it("an unknown user is not moved, nor does a user move themselves", async () => {
  test = await startTestApp();
  const ada = await test.signIn("ada");
  const { errors } = await ask(sendTo(test.app), MOVE, { id: "nobody", groupId: "acme" }, await createServerHeaders(test));
  expect(errors[0]?.extensions.code).toBe("NOT_FOUND");
  expect((await ada.graphql(MOVE, { id: "ada", groupId: "acme" })).errors[0]?.extensions.code).toBe("FORBIDDEN");
});
