import { describe, expect, it } from "vitest";
import { createGivenTokens } from "./given-tokens.ts";

describe("what a user was given", () => {
  const [DAY, TOKEN, OTHER] = [86_400_000, "fingerprint", "another"];

  it("is remembered by user and token, and may be any token of the time before this process", () => {
    const given = createGivenTokens({ isShared: false, startedAt: DAY });
    expect([given.has("ada", TOKEN, DAY), given.has("ada", TOKEN, DAY - 1)]).toEqual([false, true]);
    given.add("ada", TOKEN);
    expect([given.has("ada", TOKEN, DAY), given.has("ada", OTHER, DAY), given.has("ben", TOKEN, DAY)]).toEqual([true, false, false]);
    // Of a known user too: one process may have given one token, and another process the next.
    expect(given.has("ada", OTHER, DAY - 1)).toBe(true);
  });

  it("may be any token where other processes give tokens too", () => {
    const shared = createGivenTokens({ isShared: true, startedAt: DAY });
    shared.add("ada", TOKEN);
    expect([shared.has("ada", OTHER, DAY), shared.has("ben", TOKEN, DAY)]).toEqual([true, true]);
  });

  it("may be any token once the memory for users is full", () => {
    const given = createGivenTokens({ isShared: false, startedAt: 0 }, 5_000);
    for (let user = 0; user < 10; user += 1) given.add(`user-${user}`, TOKEN);
    expect([given.has("user-0", TOKEN, 1), given.has("user-0", OTHER, 1)]).toEqual([true, false]);
    for (let user = 10; user < 1_000; user += 1) given.add(`user-${user}`, TOKEN);
    expect([given.has("user-0", TOKEN, 1), given.has("user-999", TOKEN, 1)]).toEqual([true, true]);
  });

  it("may be any token once the memory for one user is full", () => {
    const given = createGivenTokens({ isShared: false, startedAt: 0 });
    for (let token = 0; token < 63; token += 1) given.add("ada", `token-${token}`);
    expect(given.has("ada", OTHER, 1)).toBe(false);
    for (let token = 63; token < 100; token += 1) given.add("ada", `token-${token}`);
    expect(["token-0", "token-99", OTHER].map((token) => given.has("ada", token, 1))).toEqual([true, true, true]);
  });
});
