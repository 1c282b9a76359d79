import { afterEach, describe, expect, it, vi } from "vitest";
import { databaseKinds } from "../../test/support/databases.ts";
import { PATIENCE } from "../../test/support/patience.ts";
import { startTestApp, type TestApp, type TestUser } from "../../test/support/test-app.ts";
import { inStore, onlyAuthorization } from "../../test/support/vault.ts";
import { END_LOOK_MS, END_NOTICE_MS, TOLD_AT_ONCE } from "./expiring.ts";

const DAY_MS = 86_400_000;

let test: TestApp;
afterEach(() => test?.close());

async function connected(database: "sqlite" | "postgres", answer: Record<string, unknown>): Promise<TestUser> {
  test = await startTestApp({ database });
  await test.startTwin();
  test.provider.controls.always({ answer });
  const ada = await test.signIn("ada");
  await ada.connect();
  return ada;
}

/** But for what tells of connecting, which is deleted meanwhile. */
const told = () =>
  inStore(test, (query) =>
    query.selectFrom("events").select(["type", "body"]).where("type", "!=", "connection.enabled").orderBy("number").execute(),
  );
/** Moves time on, and lets every process look, until an event of this type is told. */
async function pass(milliseconds: number, type: string): Promise<{ type: string; body: string }[]> {
  test.clock.advance(milliseconds);
  await vi.waitUntil(async () => {
    test.clock.advance(END_LOOK_MS);
    return (await told()).some((event) => event.type === type);
  }, PATIENCE);
  return told();
}
const happened = () =>
  inStore(test, (query) => query.selectFrom("connection_history").select(["kind", "code"]).orderBy("number").execute());

describe.each(databaseKinds)("the end of a grant that nothing can renew, on %s", (database) => {
  it("is told once a week before, and once when it has passed", async () => {
    await connected(database, { refresh_token: undefined, expires_in: (60 * DAY_MS) / 1000 });
    const endsAt = (await onlyAuthorization(test)).expires_at ?? 0;
    test.clock.advance(endsAt - END_NOTICE_MS - 2 * END_LOOK_MS - test.clock.now());
    expect(await told()).toEqual([]);
    const [expiring] = await pass(2 * END_LOOK_MS, "connection.expiring");
    expect(JSON.parse(expiring?.body ?? "")).toMatchObject({
      event_type: "connection.expiring",
      payload: { context: { external_id: "ada" }, ends_at: new Date(endsAt).toISOString() },
    });
    const ended = (await pass(END_NOTICE_MS, "connection.errored")).at(-1);
    expect(JSON.parse(ended?.body ?? "").payload.error).toEqual({ code: "expired" });
    for (let look = 0; look < 3; look += 1) test.clock.advance(END_LOOK_MS);
    expect(await happened()).toEqual([
      { kind: "connected", code: null },
      { kind: "expiring", code: null },
      { kind: "broke", code: "expired" },
    ]);
  });

  it("is told also where more grants than one look tells of end sooner, and it is not yet time to tell of those", async () => {
    await connected(database, { refresh_token: undefined, expires_in: (60 * DAY_MS) / 1000 });
    const authorization = await onlyAuthorization(test);
    const endsAt = authorization.expires_at ?? 0;
    await inStore(test, async (query) => {
      const connection = await query.selectFrom("connections").selectAll().executeTakeFirstOrThrow();
      // Issued when the notice of the first one is due, so that theirs is due later.
      const sooner = { issued_at: endsAt - END_NOTICE_MS, expires_at: endsAt - 1 };
      for (let index = 0; index < TOLD_AT_ONCE; index += 1) {
        const [id, connection_id] = [`authorization-${index}`, `connection-${index}`];
        await query
          .insertInto("connections")
          .values({ ...connection, id: connection_id, owner_id: `user-${index}`, authorization_id: id })
          .execute();
        await query
          .insertInto("authorizations")
          .values({ ...authorization, ...sooner, id, connection_id })
          .execute();
      }
    });
    const all = await pass(endsAt - END_NOTICE_MS - test.clock.now(), "connection.expiring");
    expect(all.map(({ type, body }) => [type, JSON.parse(body).payload.context.external_id])).toEqual([["connection.expiring", "ada"]]);
  });

  it("is told by the provider's word too, and not where a token is renewed by itself", async () => {
    await connected(database, { expires_in: 60 });
    test.clock.advance(30 * DAY_MS);
    const bob = await test.signIn("bob");
    test.provider.controls.always({ answer: { refresh_token_expires_in: DAY_MS / 1000 } });
    await bob.connect();
    const all = await pass(DAY_MS - DAY_MS / 6, "connection.expiring");
    expect(all.map(({ type, body }) => [type, JSON.parse(body).payload.context.external_id])).toEqual([["connection.expiring", "bob"]]);
  });
});
