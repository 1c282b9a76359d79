import { describe, expect, it } from "vitest";
import { GatewayError, unauthenticated } from "../../schema/errors.ts";
import { createSharedReads } from "./shared-reads.ts";

/** Readers of one key, who answer their own name, or fail. */
function start() {
  const shared = createSharedReads<string>();
  const reading: string[] = [];
  const failures = new Map<string, Error>();
  const ask = (name: string, key = "ada") =>
    shared.read(key, async () => {
      reading.push(name);
      const failure = failures.get(name);
      if (failure) throw failure;
      return name;
    });
  return { ask, reading, failures };
}

const outcomesOf = async (asked: Promise<string>[]) =>
  (await Promise.allSettled(asked)).map((settled) => (settled.status === "fulfilled" ? settled.value : String(settled.reason.code)));

describe("a shared reading", () => {
  it("is made by one of those who ask before it begins, in turn", async () => {
    const { ask, reading } = start();
    const rounds = [];
    for (let count = 0; count < 3; count += 1) rounds.push(await Promise.all(["a", "b"].map((name) => ask(name))));
    expect(reading).toEqual(["b", "a", "b"]);
    expect(rounds).toEqual(reading.map((name) => [name, name]));
  });

  it("is another one for each key, and for those who ask once it has begun", async () => {
    const { ask, reading } = start();
    await Promise.all([ask("a"), ask("b", "ben"), new Promise(setImmediate).then(() => ask("later"))]);
    expect(reading).toEqual(["a", "b", "later"]);
  });

  it("fails for the one alone who is refused: the next one reads", async () => {
    const { ask, reading, failures } = start();
    failures.set("b", unauthenticated("No."));
    expect(await outcomesOf(["a", "b", "c"].map((name) => ask(name)))).toEqual(["c", "UNAUTHENTICATED", "c"]);
    expect(reading).toEqual(["b", "c"]);
    failures.set("a", unauthenticated("No.")).set("c", unauthenticated("No."));
    expect(await outcomesOf(["a", "b", "c"].map((name) => ask(name)))).toEqual(Array.from({ length: 3 }, () => "UNAUTHENTICATED"));
  });

  it("fails for all where it fails for the moment, and is then made by another one", async () => {
    const { ask, reading, failures } = start();
    failures.set("b", new GatewayError("TEMPORARILY_UNAVAILABLE", "Later."));
    const round = () => outcomesOf(["a", "b"].map((name) => ask(name)));
    expect([await round(), await round()]).toEqual([
      ["TEMPORARILY_UNAVAILABLE", "TEMPORARILY_UNAVAILABLE"],
      ["a", "a"],
    ]);
    expect(reading).toEqual(["b", "a"]);
  });
});
