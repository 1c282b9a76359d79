import { afterEach, describe, expect, it, vi } from "vitest";
import { createMemoryStore } from "./memory-adapter.ts";

afterEach(() => void vi.useRealTimers());

describe("the demo provider's memory", () => {
  it("forgets what has expired", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: 0 });
    const adapter = createMemoryStore().createAdapter("AccessToken");
    await adapter.upsert("a", { accountId: "ada" }, 30);
    vi.setSystemTime(29_999);
    expect(await adapter.find("a")).toEqual({ accountId: "ada" });
    vi.setSystemTime(30_000);
    expect(await adapter.find("a")).toBeUndefined();
  });

  it("keeps a bounded number of entries, the newest", async () => {
    const store = createMemoryStore();
    const adapter = store.createAdapter("AccessToken");
    for (let index = 0; index < 10_500; index += 1) await adapter.upsert(String(index), {}, 3600);
    expect(store.size()).toBe(10_000);
    expect(await adapter.find("0")).toBeUndefined();
    expect(await adapter.find("10499")).toEqual({});
  });

  it("deletes expired entries even if none is read", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: 0 });
    const store = createMemoryStore();
    const adapter = store.createAdapter("AccessToken");
    for (let index = 0; index < 199; index += 1) await adapter.upsert(String(index), {}, 1);
    vi.setSystemTime(2_000);
    await adapter.upsert("last", {}, 1);
    expect(store.size()).toBe(1);
  });

  it("revokes by grant within one kind, consumes, destroys, and finds by uid", async () => {
    const store = createMemoryStore();
    const [tokens, sessions] = [store.createAdapter("RefreshToken"), store.createAdapter("Session")];
    await tokens.upsert("a", { grantId: "g" }, 60);
    await tokens.upsert("b", { grantId: "h" }, 60);
    await sessions.upsert("s", { uid: "u", grantId: "g" }, 60);
    await tokens.consume("b");
    await tokens.revokeByGrantId("g");
    expect(await tokens.find("a")).toBeUndefined();
    expect(await tokens.find("b")).toMatchObject({ consumed: expect.any(Number) });
    expect(await sessions.findByUid("u")).toMatchObject({ uid: "u" });
    await sessions.destroy("s");
    expect(await sessions.find("s")).toBeUndefined();
  });
});
