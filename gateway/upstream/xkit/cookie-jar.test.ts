import { describe, expect, it } from "vitest";
import { jarOf, mergeInto, parseJar, serializeJar } from "./cookie-jar.ts";

const NOW = Date.UTC(2026, 0, 2);
const PAST = "Thu, 01 Jan 2026 00:00:00 GMT";
const FUTURE = "Sat, 03 Jan 2026 00:00:00 GMT";

describe("a jar of an upstream's cookies", () => {
  it("keeps what a login sets, without its attributes and as it came", () => {
    const jar = jarOf(["sid=a%20b=; Path=/; HttpOnly", "AWSALB=x; Expires=" + FUTURE], NOW);
    expect(serializeJar(jar)).toBe("sid=a%20b=; AWSALB=x");
    expect(parseJar("sid=a%20b=; AWSALB=x")).toEqual(jar);
  });

  it("is no header where a login sets nothing", () => {
    expect(serializeJar(jarOf([], NOW))).toBeNull();
  });

  it("changes by name, and keeps what an answer does not set", () => {
    const jar = parseJar("sid=1; AWSALB=x");
    expect(serializeJar(mergeInto(jar, ["AWSALB=y; Path=/"], NOW))).toBe("sid=1; AWSALB=y");
  });

  it("takes in no name that the login did not set", () => {
    expect(serializeJar(mergeInto(parseJar("sid=1"), ["__cf_bm=z", "sid=2"], NOW))).toBe("sid=2");
  });

  it.each([
    ["a Max-Age of nothing", "old=1; Max-Age=0"],
    ["a negative Max-Age", "old=1; max-age=-1; Path=/"],
    ["a past Expires", `old=1; Expires=${PAST}`],
    ["an empty value", "old=; Path=/"],
    ["a Max-Age of nothing, which counts before Expires", `old=1; Expires=${FUTURE}; Max-Age=0`],
  ])("loses a cookie by %s", (_how, header) => {
    expect(serializeJar(mergeInto(parseJar("old=1; sid=1"), [header], NOW))).toBe("sid=1");
    expect(serializeJar(jarOf(["old=1", header], NOW))).toBeNull();
  });

  it("keeps a cookie whose Max-Age is positive, though its Expires is past", () => {
    expect(serializeJar(jarOf([`sid=1; Expires=${PAST}; Max-Age=60`], NOW))).toBe("sid=1");
  });

  it.each(["no pair", "=x", "a b=x", "sid=a b", "sid=\u00e9", "sid=a\u0000"])(
    "keeps nothing of %j, which no header can carry",
    (header) => {
      expect(serializeJar(jarOf([header], NOW))).toBeNull();
    },
  );
});
