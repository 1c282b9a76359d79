import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { GatewayError } from "../../schema/errors.ts";
import { type Changes, createChangeHub, follow, type Topic } from "./changes.ts";
import { createFindingCache, createRowCache } from "./cache.ts";

const ADA: Topic = "connections:user:ada";
const BOB: Topic = "connections:user:bob";

/** A hub that counts its listeners, and can be cut off from other processes. */
function setUp() {
  let isReceiving = true;
  const logged: object[] = [];
  const hub = createChangeHub({ error: (facts) => void logged.push(facts) }, () => isReceiving);
  let listeners = 0;
  const changes: Changes = {
    isCacheable: hub.isCacheable,
    listen(listener) {
      const stop = hub.listen(listener);
      listeners += 1;
      return () => {
        listeners -= 1;
        stop();
      };
    },
    end: hub.end,
    get isEnded() {
      return hub.isEnded;
    },
  };
  return { hub, changes, logged, listeners: () => listeners, setReceiving: (receives: boolean) => void (isReceiving = receives) };
}

describe("the hub", () => {
  it("delivers what a listener announces after the current change, in order", () => {
    const { hub } = setUp();
    const told: string[] = [];
    hub.listen((change) => {
      told.push(`first ${change}`);
      if (change === ADA) hub.tell(BOB);
    });
    hub.listen((change) => told.push(`second ${change}`));
    hub.tell(ADA);
    expect(told).toEqual([`first ${ADA}`, `second ${ADA}`, `first ${BOB}`, `second ${BOB}`]);
  });

  it("allows no caching while it delivers, because a later listener may be the cache", () => {
    const { hub } = setUp();
    const seen: boolean[] = [];
    hub.listen(() => seen.push(hub.isCacheable()));
    hub.tell(ADA);
    expect([seen, hub.isCacheable()]).toEqual([[false], true]);
  });

  it("delivers a change to the others when a listener throws, and logs the error", () => {
    const { hub, logged } = setUp();
    const told: string[] = [];
    const failure = new Error("no");
    hub.listen(() => {
      throw failure;
    });
    hub.listen((change) => told.push(change));
    hub.tell(ADA);
    hub.tell(BOB);
    expect([told, logged]).toEqual([
      [ADA, BOB],
      [{ err: failure }, { err: failure }],
    ]);
  });
});

describe("follow", () => {
  const countUp = async (changes: Changes, last = Number.POSITIVE_INFINITY) => {
    let reads = 0;
    return follow(changes, [ADA], async () => {
      reads += 1;
      return { values: [reads], isLast: reads >= last };
    });
  };

  it("reads at once, then at each change of its topic and of everything, and at no other", async () => {
    const { hub, changes } = setUp();
    const reader = await countUp(changes);
    expect(await reader.next()).toEqual({ done: false, value: 1 });
    const next = reader.next();
    hub.tell(BOB);
    hub.tell(ADA);
    expect(await next).toEqual({ done: false, value: 2 });
    hub.tell("everything");
    hub.tell(ADA);
    expect(await reader.next()).toEqual({ done: false, value: 3 });
  });

  it("misses no change that comes while it reads", async () => {
    const { hub, changes } = setUp();
    let reads = 0;
    const reader = await follow(changes, [ADA], async () => {
      reads += 1;
      if (reads === 1) hub.tell(ADA);
      return { values: [reads], isLast: false };
    });
    expect([(await reader.next()).value, (await reader.next()).value]).toEqual([1, 2]);
  });

  it("can be stopped while it waits, and then no longer listens", async () => {
    const { changes, listeners } = setUp();
    const reader = await countUp(changes);
    await reader.next();
    const waiting = reader.next();
    expect(listeners()).toBe(1);
    await reader.return?.();
    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(await reader.next()).toEqual({ done: true, value: undefined });
    expect(listeners()).toBe(0);
  });

  it("survives a temporary failure except at the first reading, and ends with any other", async () => {
    const { hub, changes } = setUp();
    const away = new GatewayError("TEMPORARILY_UNAVAILABLE", "away", { retryAfter: 1 });
    const answers = [1, away, away, 2, new Error("broken")];
    const reader = await follow(changes, [ADA], async () => {
      const answer = answers.shift();
      if (answer instanceof Error) throw answer;
      return { values: [answer], isLast: false };
    });
    expect((await reader.next()).value).toBe(1);
    const next = reader.next();
    hub.tell(ADA);
    await delay(0);
    hub.tell(ADA);
    expect((await next).value).toBe(2);
    hub.tell(ADA);
    await expect(reader.next()).rejects.toThrow("broken");
    await expect(follow(changes, [ADA], () => Promise.reject(away))).rejects.toBe(away);
  });

  it("ends with changes, after its last value, and when reading fails, and then no longer listens", async () => {
    const { hub, changes, listeners } = setUp();
    const last = await countUp(changes, 1);
    expect([await last.next(), await last.next()]).toEqual([
      { done: false, value: 1 },
      { done: true, value: undefined },
    ]);
    await expect(follow(changes, [ADA], () => Promise.reject(new Error("away")))).rejects.toThrow("away");
    const endless = await countUp(changes);
    await endless.next();
    const waiting = endless.next();
    hub.end();
    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(listeners()).toBe(0);
  });
});

describe("the row cache", () => {
  const loadFrom = (rows: object[]) => async () => rows.shift() ?? {};

  it("loads once until something changes", async () => {
    const { changes } = setUp();
    const [first, second] = [{}, {}];
    const [cache, load] = [createRowCache(changes), loadFrom([first, second])];
    expect(await cache.get(ADA, load)).toBe(first);
    expect(await cache.get(ADA, load)).toBe(first);
  });

  it("drops a row at its change and at a change of everything, and no other row", async () => {
    const { hub, changes } = setUp();
    const cache = createRowCache(changes);
    const [first, second, bob] = [{}, {}, {}];
    const asked = async () => [await cache.get(ADA, loadFrom([second])), await cache.get(BOB, loadFrom([second]))];
    await cache.get(ADA, loadFrom([first]));
    await cache.get(BOB, loadFrom([bob]));
    const same = await asked();
    hub.tell(ADA);
    const one = await asked();
    hub.tell("everything");
    const all = await asked();
    expect([same[0] === first, same[1] === bob, one[0] === second, one[1] === bob, all[1] === second]).toEqual(
      Array.from({ length: 5 }, () => true),
    );
  });

  it("keeps nothing that was being read while something changed", async () => {
    const { hub, changes } = setUp();
    const [cache, stale, fresh] = [createRowCache(changes), {}, {}];
    const loaded = await cache.get(ADA, async () => {
      hub.tell(ADA);
      return stale;
    });
    expect(loaded).toBe(stale);
    expect(await cache.get(ADA, loadFrom([fresh]))).toBe(fresh);
  });

  it("keeps nothing, and gives nothing it kept, while changes cannot be received", async () => {
    const { changes, setReceiving } = setUp();
    const [cache, before, meanwhile] = [createRowCache(changes), {}, {}];
    await cache.get(ADA, loadFrom([before]));
    setReceiving(false);
    expect(await cache.get(ADA, loadFrom([meanwhile]))).toBe(meanwhile);
    expect(await cache.get(BOB, loadFrom([meanwhile]))).toBe(meanwhile);
    setReceiving(true);
    expect(await cache.get(BOB, loadFrom([before]))).toBe(before);
  });

  it("holds a bounded number of rows", async () => {
    const { changes } = setUp();
    const cache = createRowCache(changes, { maximumEntries: 2 });
    const topics: Topic[] = ["user:1", "user:2", "user:3"];
    const first = {};
    for (const topic of topics) await cache.get(topic, loadFrom([topic === "user:1" ? first : {}]));
    expect(await cache.get("user:1", loadFrom([{ again: true }]))).toEqual({ again: true });
  });

  it("holds a bounded number of bytes, and never a row beyond that", async () => {
    const { changes } = setUp();
    const cache = createRowCache<{ text: string }>(changes, { maximumEntries: 100, maximumBytes: 10_000 });
    const rowOf = (characters: number) => ({ text: "x".repeat(characters) });
    const isKept = async (topic: Topic) => (await cache.get(topic, async () => rowOf(1))).text.length > 1;
    for (const topic of ["user:1", "user:2", "user:3"] as const) await cache.get(topic, async () => rowOf(2_000));
    expect(await isKept("user:3")).toBe(true);
    expect(await isKept("user:1")).toBe(false);
    await cache.get("user:4", async () => rowOf(6_000));
    expect(await isKept("user:4")).toBe(false);
  });

  it("holds nothing where there is no row", async () => {
    const { changes } = setUp();
    const cache = createRowCache<{ text: string }>(changes);
    const row = { text: "made meanwhile" };
    expect(await cache.get("user:1", async () => null)).toBeNull();
    expect(await cache.get("user:1", async () => row)).toBe(row);
  });
});

describe("the cache of findings", () => {
  const sizeOf = () => 100;
  const open = (changes: Changes, maximumBytes = 10_000) => createFindingCache(changes, maximumBytes, sizeOf);

  it("keeps a finding until one of its topics changes, or everything", () => {
    const { hub, changes } = setUp();
    const cache = open(changes);
    const [both, ofBob] = [{}, {}];
    const keep = () => {
      cache.begin()("both", both, [ADA, BOB]);
      cache.begin()("of Bob", ofBob, [BOB]);
    };
    const found = () => [cache.find("both"), cache.find("of Bob")];
    keep();
    expect(found()).toEqual([both, ofBob]);
    hub.tell(ADA);
    expect(found()).toEqual([null, ofBob]);
    keep();
    hub.tell(BOB);
    expect(found()).toEqual([null, null]);
    keep();
    hub.tell("everything");
    expect(found()).toEqual([null, null]);
  });

  it("depends on the topics of the latest finding of a key alone", () => {
    const { hub, changes } = setUp();
    const cache = open(changes);
    cache.begin()("key", { at: 1 }, [ADA]);
    cache.begin()("key", { at: 2 }, [BOB]);
    hub.tell(ADA);
    expect(cache.find("key")).toEqual({ at: 2 });
    hub.tell(BOB);
    expect(cache.find("key")).toBeNull();
  });

  it("keeps nothing that was begun before a change, and gives nothing while changes cannot be received", () => {
    const { hub, changes, setReceiving } = setUp();
    const cache = open(changes);
    const keep = cache.begin();
    hub.tell(BOB);
    keep("key", {}, [ADA]);
    expect(cache.find("key")).toBeNull();
    cache.begin()("key", {}, [ADA]);
    setReceiving(false);
    expect(cache.find("key")).toBeNull();
    cache.begin()("other", {}, [ADA]);
    setReceiving(true);
    expect([cache.find("key"), cache.find("other")]).toEqual([{}, null]);
  });

  it("holds a bounded number of bytes", () => {
    const { hub, changes } = setUp();
    const cache = open(changes, 200);
    for (const key of ["1", "2", "3"]) cache.begin()(key, {}, [ADA]);
    expect(["1", "2", "3"].map((key) => cache.find(key) !== null)).toEqual([false, true, true]);
    hub.tell(ADA);
    expect(cache.find("3")).toBeNull();
  });
});
