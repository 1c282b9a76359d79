import { describe, expect, it } from "vitest";
import { createStore, minutes, seconds, macs } from "../../test/support/auth.ts";
import { createManualClock } from "../upstream-suite/manual-clock.ts";
import { createApiKeys } from "./api-keys.ts";

const setUp = async () => {
  const clock = createManualClock();
  const store = await createStore(clock);
  const warnings: object[] = [];
  const log = { warn: (facts: object) => void warnings.push(facts) };
  const [one, other] = [await store.open(), await store.open()];
  const [here, there] = [createApiKeys({ database: one, macs, clock, log }), createApiKeys({ database: other, macs, clock, log })];
  return { clock, database: one, here, there, warnings };
};

describe("API keys", () => {
  it("are pairs whose secret is stored only as a hash", async () => {
    const { database, here, there } = await setUp();
    const { id, secret, ...rest } = await here.create("web server");
    expect(id).toMatch(/^pk_[\w-]{22}$/);
    expect(secret).toMatch(/^sk_[\w-]{43}$/);
    expect(rest).toMatchObject({ name: "web server", lastUsedAt: null, revokedAt: null });
    expect(await there.verify(id, secret)).toBe(true);
    expect(JSON.stringify(await database.query.selectFrom("api_keys").selectAll().execute())).not.toContain(secret.slice(3));
    expect(JSON.stringify(await here.list())).not.toContain(secret.slice(3));
  });

  it("may be several, listed newest first", async () => {
    const { clock, here } = await setUp();
    const old = await here.create(null);
    clock.advance(seconds(1));
    const young = await here.create(null);
    expect(await here.verify(old.id, old.secret)).toBe(true);
    expect(await here.verify(young.id, young.secret)).toBe(true);
    expect((await here.list()).map(({ id }) => id)).toEqual([young.id, old.id]);
  });

  it("do not verify with another secret, another key or garbage", async () => {
    const { here } = await setUp();
    const [one, other] = [await here.create(null), await here.create(null)];
    expect(await here.verify(one.id, other.secret)).toBe(false);
    expect(await here.verify(`pk_${"x".repeat(22)}`, one.secret)).toBe(false);
    expect(await here.verify("", "")).toBe(false);
    expect(await here.verify(one.secret, one.id)).toBe(false);
    expect(await here.verify(one.id, "")).toBe(false);
  });

  it("are revoked permanently, at once in every process", async () => {
    const { here, there } = await setUp();
    const { id, secret } = await here.create(null);
    expect(await there.verify(id, secret)).toBe(true);
    expect(await here.revoke(id)).toBe(true);
    expect(await there.verify(id, secret)).toBe(false);
    expect(await here.verify(id, secret)).toBe(false);
    expect(await there.revoke(id)).toBe(false);
    expect(await here.revoke("pk_unknown")).toBe(false);
    expect(await here.list()).toMatchObject([{ id, revokedAt: expect.any(Date) }]);
  });

  it("record their use once in five minutes, without delaying the caller", async () => {
    const { clock, here, database } = await setUp();
    const { id, secret } = await here.create(null);
    const lastUsedAt = async () => {
      await here.settle();
      return (await here.list())[0]?.lastUsedAt?.getTime();
    };
    const news: string[] = [];
    database.changes.listen((topic) => news.push(topic));
    await here.verify(id, secret);
    const first = clock.now();
    expect(await lastUsedAt()).toBe(first);
    clock.advance(minutes(4));
    await here.verify(id, secret);
    expect(await lastUsedAt()).toBe(first);
    clock.advance(minutes(1));
    await here.verify(id, secret);
    expect(await lastUsedAt()).toBe(first + minutes(5));
    expect(news).toEqual([]);
  });

  it("are accepted even if their use cannot be recorded, which is logged without the secret", async () => {
    const { here, database, warnings } = await setUp();
    const { id, secret } = await here.create(null);
    const { id: broken, secret: brokenSecret } = await here.create(null);
    expect(await here.verify(id, secret)).toBe(true);
    await here.settle();
    await database.query.schema.alterTable("api_keys").dropColumn("last_used_at").execute();
    expect(await here.verify(broken, brokenSecret)).toBe(true);
    await here.settle();
    expect(warnings).toMatchObject([{ keyId: broken }]);
    expect(JSON.stringify(warnings)).not.toContain(brokenSecret);
  });
});
