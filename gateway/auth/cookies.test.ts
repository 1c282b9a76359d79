import { describe, expect, it } from "vitest";
import { createSecret } from "../store/sealing.ts";
import { cookieOf, requestWith } from "../../test/support/auth.ts";
import { createCookies, isAttemptCookie, isSecret } from "./cookies.ts";

const secret = createSecret();

describe("cookies", () => {
  it("are bound to the host over https", () => {
    const { session, attempt } = createCookies("https://xkit.example.com", ["https://app.example.org"]);
    expect(session.serialize(secret, 60)).toEqual([
      `__Host-xkit_session=${secret}; Max-Age=60; Path=/; HttpOnly; Secure; SameSite=None`,
      `__Host-xkit_session_partitioned=${secret}; Max-Age=60; Path=/; HttpOnly; Secure; Partitioned; SameSite=None`,
    ]);
    expect(attempt.serialize("a", secret, 60)).toBe(`__Host-xkit_attempt_a=${secret}; Max-Age=60; Path=/; HttpOnly; Secure; SameSite=None`);
    expect(attempt.clear("a")).toBe("__Host-xkit_attempt_a=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=None");
  });

  it("go to the operator's page alone where they hold its session, and never from another site", () => {
    const { operator } = createCookies("https://xkit.example.com", ["https://app.example.org"]);
    expect(operator.serialize(secret, 60)).toBe(
      `__Secure-xkit_operator=${secret}; Max-Age=60; Path=/admin; HttpOnly; Secure; SameSite=Strict`,
    );
  });

  it("have plain names over http, and are not Secure", () => {
    const { session, attempt } = createCookies("http://localhost", ["http://localhost:5173"]);
    expect(session.serialize(secret, 60)).toEqual([`xkit_session=${secret}; Max-Age=60; Path=/; HttpOnly; SameSite=Lax`]);
    expect(attempt.clear("a")).toMatch(/^xkit_attempt_a=; /);
  });

  it.each([
    ["Lax", "https://example.com", ["https://example.com:8443"]],
    ["Lax", "https://xkit.example.com", []],
    ["Lax", "https://xkit.example.com", ["https://example.com"]],
    ["Lax", "https://example.com", ["https://app.example.com", "https://*.example.com"]],
    ["None", "https://xkit.example.com", ["https://example.com", "https://example.org"]],
    ["None", "https://xkit.example.com", ["http://example.com"]],
    ["None", "https://one.github.io", ["https://other.github.io"]],
    ["None", "http://127.0.0.1:4000", ["http://localhost:5173"]],
    ["None", "https://ample.com", ["https://example.com"]],
  ])("are SameSite=%s for %s asked from %j", (sameSite, publicUrl, webOrigins) => {
    expect(createCookies(publicUrl, webOrigins).session.serialize(secret, 60)[0]).toContain(`SameSite=${sameSite}`);
  });

  it("are Secure over http only with SameSite=None, which requires it", () => {
    const { session } = createCookies("http://127.0.0.1", ["http://localhost:5173"]);
    expect(session.serialize(secret, 60)[0]).toBe(`xkit_session=${secret}; Max-Age=60; Path=/; HttpOnly; Secure; SameSite=None`);
  });

  it("are parsed among others", () => {
    const { session, attempt } = createCookies("https://xkit.example.com", []);
    const attempts = `__Host-xkit_attempt_b=${secret}; __Host-xkit_attempt_c=short; __Host-xkit_attempt_a=${secret}; __Host-xkit_attempt_=${secret}`;
    const request = requestWith({ cookie: `a=b; __Host-xkit_session=${secret}; xkit_attempt_d=${secret}; ${attempts}` });
    expect(session.parse(request)).toEqual([secret]);
    expect([...attempt.parse(request)]).toEqual([
      ["b", secret],
      ["a", secret],
    ]);
  });

  it.each([
    undefined,
    "",
    ";;;",
    "__Host-xkit_session",
    "__Host-xkit_session=",
    "__Host-xkit_session=short",
    `__Host-xkit_session=${secret}%00`,
  ])("are not found in %j", (cookie) => {
    const { session } = createCookies("https://xkit.example.com", []);
    expect(session.parse(requestWith(cookie === undefined ? {} : { cookie })).filter(isSecret)).toEqual([]);
  });

  it.each([
    ["https://xkit.example.com:8443", "https://xkit.example.com:9443"],
    ["https://xkit.example.com", "https://xkit.example.com:8443"],
    ["http://localhost:4000", "http://localhost:4500"],
  ])("of %s and of %s leave each other alone", (one, other) => {
    const [mine, theirs] = [createCookies(one, []), createCookies(other, [])];
    const held = [...mine.session.serialize("mine", 60), mine.attempt.serialize("a", secret, 60), mine.handoff.serialize(secret)];
    const request = requestWith({ cookie: held.map(cookieOf).join("; ") });
    expect([theirs.session.parse(request), [...theirs.attempt.parse(request)]]).toEqual([[], []]);
    expect([mine.session.parse(request), [...mine.attempt.parse(request)]]).toEqual([["mine"], [["a", secret]]]);
    expect(theirs.handoff.name).not.toBe(mine.handoff.name);
  });

  it("that bind attempts are known by their names, whatever the port and the scheme", () => {
    for (const publicUrl of ["https://xkit.example.com", "https://xkit.example.com:8443", "http://localhost:4000", "http://localhost"])
      expect(isAttemptCookie(cookieOf(createCookies(publicUrl, []).attempt.serialize("a", secret, 60)))).toBe(true);
    expect(["AWSALB", "xkit_session", "xkit_attempt"].filter(isAttemptCookie)).toEqual([]);
  });

  it("are not read from a header longer than 16 KiB", () => {
    const { session } = createCookies("https://xkit.example.com", []);
    expect(session.parse(requestWith({ cookie: `${"a=b; ".repeat(4_000)}__Host-xkit_session=${secret}` }))).toEqual([]);
  });

  it("hold a session twice for a page on another site, of which the one that navigations send is read first", () => {
    const { session } = createCookies("https://xkit.example.com", ["https://app.example.org"]);
    const [one, other] = ["__Host-xkit_session=one", "__Host-xkit_session_partitioned=other"];
    expect(session.parse(requestWith({ cookie: `${other}; ${one}` }))).toEqual(["one", "other"]);
    expect(session.parse(requestWith({ cookie: other }))).toEqual(["other"]);
    expect(session.clear().map((header) => header.split(";", 2).join(";"))).toEqual([
      "__Host-xkit_session=; Max-Age=0",
      "__Host-xkit_session_partitioned=; Max-Age=0",
    ]);
  });
});
