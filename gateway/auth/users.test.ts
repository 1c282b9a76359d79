import { describe, expect, it } from "vitest";
import { createStore, days, minutes, openStore, seconds, macs } from "../../test/support/auth.ts";
import { createManualClock, START } from "../upstream-suite/manual-clock.ts";
import { createUsers } from "./users.ts";

const at = (milliseconds: number) => new Date(START + milliseconds);

const setUp = async () => {
  const clock = createManualClock();
  const database = await openStore(clock);
  const rowOf = (id: string) => database.query.selectFrom("users").selectAll().where("id", "=", id).executeTakeFirstOrThrow();
  const users = createUsers({ database, macs, clock });
  return { clock, database, users, rowOf };
};

describe("provision", () => {
  it("creates the user and the group, and answers both as they are found afterwards", async () => {
    const { users } = await setUp();
    expect(await users.find("ada")).toBeNull();
    const ada = await users.provision({ id: "ada", groupId: "acme", name: "Ada" });
    expect(ada).toEqual({ id: "ada", groupId: "acme", name: "Ada" });
    expect(await users.find("ada")).toEqual(ada);
    expect(await users.findGroup("acme")).toEqual({ id: "acme" });
    expect(await users.findGroup("other")).toBeNull();
  });

  it("creates a user by id alone", async () => {
    const { users } = await setUp();
    expect(await users.provision({ id: "ada" })).toEqual({ id: "ada", groupId: null, name: null });
  });

  it("keeps what is undefined and clears what is null", async () => {
    const { users } = await setUp();
    await users.provision({ id: "ada", groupId: "acme", name: "Ada" });
    expect(await users.provision({ id: "ada" })).toEqual({ id: "ada", groupId: "acme", name: "Ada" });
    expect(await users.provision({ id: "ada", groupId: null })).toEqual({ id: "ada", groupId: null, name: "Ada" });
    expect(await users.provision({ id: "ada", name: null })).toEqual({ id: "ada", groupId: null, name: null });
  });

  it("writes nothing when nothing changes", async () => {
    const { clock, users, database } = await setUp();
    await users.provision({ id: "ada", groupId: "acme", name: "Ada" });
    const news: string[] = [];
    database.changes.listen((topic) => news.push(topic));
    clock.advance(seconds(30));
    await users.provision({ id: "ada", groupId: "acme", name: "Ada" });
    await users.provision({ id: "ada" });
    expect(news).toEqual([]);
  });

  it("records a later assertion of the same group without announcing a change", async () => {
    const { clock, users, rowOf } = await setUp();
    await users.provision({ id: "ada", groupId: "acme" });
    clock.advance(minutes(2));
    await users.provision({ id: "ada", groupId: "acme" });
    expect(await rowOf("ada")).toMatchObject({ group_asserted_at: START + minutes(2) + 999, updated_at: START });
  });

  it("ends with one row when many provision the same user at once", async () => {
    const { users, database } = await setUp();
    await Promise.all(Array.from({ length: 20 }, () => users.provision({ id: "ada", groupId: "acme" })));
    expect(await database.query.selectFrom("users").selectAll().execute()).toHaveLength(1);
    expect(await database.query.selectFrom("groups").selectAll().execute()).toHaveLength(1);
  });
});

describe("moving between groups", () => {
  it("moves the user at a newer assertion, and not back at an older one", async () => {
    const { clock, users } = await setUp();
    clock.advance(minutes(10));
    await users.provision({ id: "ada", groupId: "acme", assertedAt: at(minutes(1)) });
    await users.provision({ id: "ada", groupId: "globex", assertedAt: at(minutes(2)) });
    expect(await users.provision({ id: "ada", groupId: "acme", assertedAt: at(minutes(1)) })).toMatchObject({ groupId: "globex" });
    expect(await users.find("ada")).toMatchObject({ groupId: "globex" });
  });

  it("does not bring a former member back with an old token after the platform has removed them", async () => {
    const { clock, users } = await setUp();
    await users.provision({ id: "ada", groupId: "acme", assertedAt: at(0) });
    clock.advance(minutes(1));
    await users.provision({ id: "ada", groupId: null });
    expect(await users.provision({ id: "ada", groupId: "acme", assertedAt: at(0) })).toMatchObject({ groupId: null });
  });

  it("follows the platform itself at any time", async () => {
    const { users } = await setUp();
    await users.provision({ id: "ada", groupId: "acme" });
    expect(await users.provision({ id: "ada", groupId: "globex" })).toMatchObject({ groupId: "globex" });
  });

  it("follows a later call of the platform over an issuer whose clock is ahead", async () => {
    const { clock, users } = await setUp();
    await users.provision({ id: "ada", groupId: "acme", assertedAt: at(days(1)) });
    clock.advance(seconds(2));
    expect(await users.provision({ id: "ada", groupId: "globex", assertedAt: at(seconds(2)) })).toMatchObject({ groupId: "globex" });
  });

  it("compares the times of tokens in whole seconds", async () => {
    const { clock, users } = await setUp();
    clock.advance(900);
    await users.provision({ id: "ada", groupId: "acme", assertedAt: at(900) });
    expect(await users.provision({ id: "ada", groupId: "globex", assertedAt: at(0) })).toMatchObject({ groupId: "globex" });
  });

  it("does not undo a change of the platform by a token of the same second, or within its issuer's tolerance", async () => {
    const { clock, users } = await setUp();
    await users.provision({ id: "ada", groupId: null });
    clock.advance(999);
    expect(await users.provision({ id: "ada", groupId: "acme", assertedAt: at(999) })).toMatchObject({ groupId: null });
    clock.advance(minutes(1));
    const within = { id: "ada", groupId: "acme", assertedAt: at(seconds(30)), clockToleranceSeconds: 30 };
    expect(await users.provision(within)).toMatchObject({ groupId: null });
    expect(await users.provision({ ...within, assertedAt: at(seconds(31)) })).toMatchObject({ groupId: "acme" });
  });

  it("does not rename by a token older than the last change", async () => {
    const { clock, users } = await setUp();
    clock.advance(minutes(1));
    await users.provision({ id: "ada", name: "Ada Lovelace" });
    expect(await users.provision({ id: "ada", name: "Ada Byron", assertedAt: at(0) })).toMatchObject({ name: "Ada Lovelace" });
  });

  it("is seen at once by another process", async () => {
    const clock = createManualClock();
    const store = await createStore(clock);
    const [here, there] = [
      createUsers({ database: await store.open(), macs, clock }),
      createUsers({ database: await store.open(), macs, clock }),
    ];
    await here.provision({ id: "ada", groupId: "acme" });
    expect(await there.find("ada")).toMatchObject({ groupId: "acme" });
    await here.provision({ id: "ada", groupId: "globex" });
    expect(await there.find("ada")).toMatchObject({ groupId: "globex" });
  });
});
