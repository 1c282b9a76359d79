import { describe, expect, it } from "vitest";
import { type LifetimeFacts, readLifetime, readRefreshLifetime } from "./lifetime.ts";

const askedAt = Date.parse("2026-01-01T00:00:00Z");
const HOUR_S = 3_600;
const inAnHour = askedAt / 1000 + HOUR_S;

const read = (source: Record<string, unknown>, facts: Partial<LifetimeFacts["provider"]> = {}, isRenewable = false) =>
  readLifetime(source, { provider: { expiryPath: null, expiresInUnit: "seconds", expiryZeroMeans: null, ...facts }, askedAt, isRenewable });

describe("the life of an access token", () => {
  it.each([
    ["a number", 60, 60],
    ["digits", "60", 60],
    ["a fraction", 59.9, 59],
    ["a number with its unit", "3 seconds", 3],
    ["minutes", "90 minutes", 5_400],
    ["hours", "1h", HOUR_S],
    ["days", "60 days", 5_184_000],
    ["milliseconds", "3000 ms", 3],
    ["ten years", 315_705_599, 315_705_599],
    ["an instant in seconds", inAnHour, HOUR_S],
    ["an instant in seconds, as text", String(inAnHour), HOUR_S],
    ["an instant in milliseconds", inAnHour * 1000, HOUR_S],
    ["an instant as a date", new Date(inAnHour * 1000).toISOString(), HOUR_S],
    ["an instant that is over", askedAt / 1000 - 1, 0],
    ["a negative number", -60, 0],
  ])("is read from expires_in given as %s", (_name, given, seconds) => {
    expect(read({ expires_in: given })).toEqual({ seconds, misread: [] });
  });

  it.each([
    ["expires_at", inAnHour],
    ["expires_at", inAnHour * 1000],
    ["expires_at", String(inAnHour)],
    ["expires_at", "2026-01-01T01:00:00Z"],
    ["expires_at", "2026-01-01T03:00:00.000+02:00"],
    ["expires", "Thu, 01 Jan 2026 01:00:00 GMT"],
    ["expires", inAnHour],
    ["expires", HOUR_S],
    ["expires", "3600"],
  ])("is read from %s %j", (member, given) => {
    expect(read({ [member]: given })).toEqual({ seconds: HOUR_S, misread: [] });
  });

  it("is the standard member's where there are several, and another's where that one is empty", () => {
    expect(read({ expires_in: 60, expires_at: inAnHour }).seconds).toBe(60);
    expect(read({ expires_in: null, expires_at: inAnHour }).seconds).toBe(HOUR_S);
  });

  it("is in milliseconds where that is declared", () => {
    const facts = { expiresInUnit: "milliseconds" } as const;
    expect(read({ expires_in: 900_000 }, facts).seconds).toBe(900);
    expect(read({ expires_in: 1_900_000_000 }, facts).seconds).toBe(1_900_000);
    expect(read({ expires_in: inAnHour * 1000 }, facts).seconds).toBe(HOUR_S);
  });

  it.each([undefined, null, ""])("is not stated by %j", (given) => {
    expect(read({ expires_in: given })).toEqual({ seconds: undefined, misread: [] });
  });

  it.each(["soon", " ", "NaN", "0x10", "1 month", "2026-01-01T01:00:00", "0001-01-01T00:00:00Z", true, [60], { seconds: 60 }])(
    "is not guessed from %j, which is named",
    (given) => {
      expect(read({ expires_in: given })).toEqual({ seconds: undefined, misread: ["expires_in"] });
    },
  );

  it("is not guessed from an expires_at that is no instant of our time", () => {
    expect(read({ expires_at: HOUR_S })).toEqual({ seconds: undefined, misread: ["expires_at"] });
  });

  it.each([inAnHour * 1_000_000, inAnHour - 90_000, 1e300, "99999999999999999999", 4_294_967_295])(
    "is not %j: no token lives longer than 50 years",
    (given) => {
      expect(read({ expires_in: given })).toEqual({ seconds: undefined, misread: ["expires_in"] });
    },
  );

  it("is another member's where one cannot be understood, which is named", () => {
    expect(read({ expires_in: "soon", expires_at: inAnHour })).toEqual({ seconds: HOUR_S, misread: ["expires_in"] });
  });
});

describe("a life of 0 or -1", () => {
  it.each([0, -1, "0"])("says that a token that cannot be renewed does not expire: %j", (given) => {
    expect(read({ expires_in: given })).toEqual({ seconds: undefined, misread: [] });
  });

  it("says that a token that can be renewed has expired", () => {
    expect(read({ expires_in: 0 }, {}, true).seconds).toBe(0);
  });

  it.each([0, -1, "0"])("says nothing beside another member that states a life: %j", (given) => {
    expect(read({ expires_in: given, expires_at: inAnHour }, {}, true).seconds).toBe(HOUR_S);
    expect(read({ expires_at: given, expires: 60 }).seconds).toBe(60);
  });

  it("says what is declared", () => {
    expect(read({ expires_in: 0 }, { expiryZeroMeans: "never" }, true).seconds).toBeUndefined();
    expect(read({ expires_in: 0 }, { expiryZeroMeans: "expired" }).seconds).toBe(0);
  });
});

describe("a life that is stated at a declared path", () => {
  const at = (value: unknown, facts: Partial<LifetimeFacts["provider"]> = {}, source: Record<string, unknown> = {}) =>
    readLifetime(
      source,
      { provider: { expiryPath: "data.ttl", expiresInUnit: "seconds", expiryZeroMeans: null, ...facts }, askedAt, isRenewable: true },
      value,
    );

  it.each([
    ["seconds", HOUR_S],
    ["milliseconds", HOUR_S * 1000],
    ["epoch", inAnHour],
    ["epoch", inAnHour * 1000],
    ["epoch", String(inAnHour)],
    ["iso", "2026-01-01T01:00:00Z"],
  ] as const)("is read in the declared unit: %s, %j", (expiresInUnit, value) => {
    expect(at(value, { expiresInUnit })).toEqual({ seconds: HOUR_S, misread: [] });
  });

  it("counts before the standard's members, which are in seconds, and those count where it states nothing", () => {
    const facts = { expiresInUnit: "milliseconds" } as const;
    expect(at(HOUR_S * 1000, facts, { expires_in: 60 }).seconds).toBe(HOUR_S);
    expect(at(undefined, facts, { expires_in: 60 })).toEqual({ seconds: 60, misread: [] });
  });

  it.each([
    ["epoch", HOUR_S],
    ["iso", HOUR_S],
    ["iso", "2026-01-01T01:00:00"],
    ["seconds", 1e300],
    ["milliseconds", 1e300],
    ["epoch", 1e300],
    ["epoch", -inAnHour],
    ["seconds", "soon"],
    ["seconds", { ttl: 60 }],
  ] as const)("is not guessed from %s, %j, which is named", (expiresInUnit, value) => {
    expect(at(value, { expiresInUnit })).toEqual({ seconds: undefined, misread: ["data.ttl"] });
  });

  it.each([
    ["never", undefined],
    ["expired", 0],
  ] as const)("is %s where it is 0 and that is declared", (expiryZeroMeans, seconds) => {
    expect(at(0, { expiryZeroMeans }).seconds).toBe(seconds);
  });
});

describe("the life of a refresh token", () => {
  const read = (value: unknown, expiresInUnit: LifetimeFacts["provider"]["expiresInUnit"] = "seconds") =>
    readRefreshLifetime(value, { provider: { expiresInUnit }, askedAt });

  it.each([
    [HOUR_S, "seconds"],
    [String(HOUR_S), "seconds"],
    [HOUR_S * 1000, "milliseconds"],
    [HOUR_S, "epoch"],
    [inAnHour, "epoch"],
    [inAnHour, "seconds"],
    ["2026-01-01T01:00:00Z", "iso"],
  ] as const)("is read from %j where the unit is %s", (value, unit) => {
    expect(read(value, unit)).toBe(HOUR_S);
  });

  it.each([undefined, null, "", 0, -1, -60, "soon", 1e300, "99999999999999999999", {}])("is not stated by %j", (value) => {
    expect(read(value)).toBeUndefined();
  });
});
