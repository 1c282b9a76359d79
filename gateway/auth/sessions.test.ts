import { describe, expect, it } from "vitest";
import { createStore, days, minutes, openStore, macs } from "../../test/support/auth.ts";
import { createManualClock } from "../upstream-suite/manual-clock.ts";
import { createOneTimeTokens } from "./one-time-tokens.ts";
import { defaultLifetimes } from "./lifetimes.ts";
import { createUsers } from "./users.ts";
import { createSessions, EXPIRED_SESSIONS_DELETED } from "./sessions.ts";

const setUp = async () => {
  const clock = createManualClock();
  const database = await openStore(clock);
  return {
    clock,
    database,
    sessions: createSessions({ database, macs, users: createUsers({ database, macs, clock }), clock, lifetimes: defaultLifetimes }),
  };
};

const rows = ({ database }: Pick<Awaited<ReturnType<typeof setUp>>, "database">) =>
  database.query.selectFrom("sessions").selectAll().execute();

describe("sessions", () => {
  it("are found by their cookie's secret, of which only the hash is stored", async () => {
    const { sessions, database } = await setUp();
    const { secret, ...live } = await sessions.start("ada");
    expect(secret).toMatch(/^[\w-]{43}$/);
    expect(await sessions.find(secret)).toEqual(live);
    expect(await sessions.find("x".repeat(43))).toBeNull();
    expect(JSON.stringify(await rows({ database }))).not.toContain(secret);
  });

  it("end after 30 days, however much they are used", async () => {
    const { clock, sessions } = await setUp();
    const { secret, id } = await sessions.start("ada");
    for (let day = 0; day < 29; day += 1) {
      clock.advance(days(1));
      expect(await sessions.find(secret)).not.toBeNull();
    }
    clock.advance(days(1));
    expect(await sessions.find(secret)).toBeNull();
    expect(await sessions.isLive(id)).toBe(false);
  });

  it("end after 7 days without use", async () => {
    const { clock, sessions } = await setUp();
    const { secret } = await sessions.start("ada");
    clock.advance(days(7));
    expect(await sessions.find(secret)).toBeNull();
  });

  it("record their use once in five minutes at most", async () => {
    const { clock, database, sessions } = await setUp();
    const { secret } = await sessions.start("ada");
    const lastUse = async () => (await rows({ database }))[0]?.last_used_at;
    const first = await lastUse();
    clock.advance(minutes(4));
    await sessions.find(secret);
    expect(await lastUse()).toBe(first);
    clock.advance(minutes(1));
    await sessions.find(secret);
    expect(await lastUse()).toBe(clock.now());
  });

  it("end at once in every process", async () => {
    const clock = createManualClock();
    const store = await createStore(clock);
    const [one, other] = [await store.open(), await store.open()];
    const [here, there] = [one, other].map((database) =>
      createSessions({ database, macs, users: createUsers({ database, macs, clock }), clock, lifetimes: defaultLifetimes }),
    );
    const live = await here?.start("ada");
    expect(await there?.isLive(live?.id ?? "")).toBe(true);
    await here?.end(live?.id ?? "");
    expect(await there?.isLive(live?.id ?? "")).toBe(false);
    expect(await there?.find(live?.secret ?? "")).toBeNull();
    await there?.end(live?.id ?? "");
  });

  it("are read from the store once, and then from memory until something changes", async () => {
    const { database, sessions } = await setUp();
    const { id } = await sessions.start("ada");
    expect(await sessions.isLive(id)).toBe(true);
    // Behind the cache's back: nobody is told, so memory still answers.
    await database.query.deleteFrom("sessions").where("id", "=", id).execute();
    expect(await sessions.isLive(id)).toBe(true);
    await sessions.end(id);
    expect(await sessions.isLive(id)).toBe(false);
  });

  it("are not found when they were never started", async () => {
    const { sessions } = await setUp();
    expect(await sessions.isLive("nobody")).toBe(false);
  });

  it("are deleted after their expiry, a bounded number at each start", async () => {
    const { clock, database, sessions } = await setUp();
    for (let count = 0; count < EXPIRED_SESSIONS_DELETED + 5; count += 1) await sessions.start("ada");
    clock.advance(days(30));
    await sessions.start("ada");
    expect(await rows({ database })).toHaveLength(6);
    await sessions.start("ada");
    expect(await rows({ database })).toHaveLength(2);
  });
});

const startTwo = async () => {
  const clock = createManualClock();
  const store = await createStore(clock);
  const [one, other] = [await store.open(), await store.open()];
  const create = (database: typeof one) => createOneTimeTokens({ database, macs, clock, lifetimes: defaultLifetimes });
  return { clock, database: one, here: create(one), there: create(other) };
};

describe("one-time tokens", () => {
  it("are redeemed once", async () => {
    const { here, there } = await startTwo();
    const { token } = await here.create("ada");
    expect(await there.redeem(token)).toBe("ada");
    expect(await there.redeem(token)).toBeNull();
    expect(await here.redeem(token)).toBeNull();
  });

  it("are redeemed by one of two processes that try at once", async () => {
    const { here, there } = await startTwo();
    const { token } = await here.create("ada");
    const answers = await Promise.all([here.redeem(token), there.redeem(token), here.redeem(token), there.redeem(token)]);
    expect(answers.filter((answer) => answer === "ada")).toHaveLength(1);
  });

  it("are valid for 60 seconds", async () => {
    const { clock, here } = await startTwo();
    const { token, expiresAt } = await here.create("ada");
    expect(expiresAt.getTime()).toBe(clock.now() + 60_000);
    clock.advance(60_000);
    expect(await here.redeem(token)).toBeNull();
  });

  it("are stored as a hash only, and deleted after their expiry", async () => {
    const { clock, database, here } = await startTwo();
    const { token } = await here.create("ada");
    const stored = () => database.query.selectFrom("one_time_tokens").selectAll().execute();
    expect(JSON.stringify(await stored())).not.toContain(token);
    clock.advance(60_000);
    await here.create("ada");
    expect(await stored()).toHaveLength(1);
  });

  it("are refused when they were never issued", async () => {
    const { here } = await startTwo();
    expect(await here.redeem("")).toBeNull();
  });
});
