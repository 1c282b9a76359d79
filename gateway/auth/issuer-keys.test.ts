import { describe, expect, it } from "vitest";
import { createKey, hours, issue, minutes, seconds } from "../../test/support/auth.ts";
import { GENERIC, setUp, viewer } from "../../test/support/issuer.ts";

describe("the issuer's keys", () => {
  it("are fetched once for any number of users at once", async () => {
    const { clock, issuer, key, ask } = await setUp();
    const all = await Promise.all(Array.from({ length: 20 }, (_, count) => issue(key, clock, { sub: `user-${count}` })));
    await Promise.all(all.map(ask));
    expect(issuer.fetches()).toBe(1);
  });

  it("are fetched again for an unknown kid, so that a rotation is followed", async () => {
    const { clock, issuer, askWith } = await setUp();
    await askWith({});
    const next = await createKey("k2");
    issuer.publish(next);
    clock.advance(seconds(30));
    expect(await askWith({}, next)).toMatchObject(viewer("ada"));
    expect(issuer.fetches()).toBe(2);
  });

  it("are fetched again for a signature that none of them made, where keys have no kid, at most once in a window", async () => {
    const { clock, issuer, askWith } = await setUp();
    const [old, next, stranger] = [await createKey(null), await createKey(null), await createKey(null)];
    issuer.publish(old);
    await askWith({}, old);
    issuer.publish(next);
    clock.advance(seconds(30));
    expect(await askWith({}, next)).toMatchObject(viewer("ada"));
    await expect(askWith({ sub: "grace" }, old)).rejects.toMatchObject(GENERIC);
    for (let count = 0; count < 3; count += 1) await expect(askWith({}, stranger)).rejects.toMatchObject(GENERIC);
    expect(issuer.fetches()).toBe(2);
  });

  it("are not fetched again for a wrong signature under a kid that is known", async () => {
    const { clock, issuer, askWith } = await setUp();
    await askWith({});
    clock.advance(seconds(30));
    await expect(askWith({}, await createKey("k1"))).rejects.toMatchObject(GENERIC);
    expect(issuer.fetches()).toBe(1);
  });

  it("are fetched at most once in a window by a storm of unknown kids", async () => {
    const { clock, issuer, askWith } = await setUp();
    await askWith({});
    clock.advance(seconds(30));
    const strangers = await Promise.all(Array.from({ length: 20 }, (_, count) => createKey(`unknown-${count}`, "EdDSA")));
    const storm = () => Promise.allSettled(strangers.map((stranger) => askWith({}, stranger)));
    await storm();
    await storm();
    expect(issuer.fetches()).toBe(2);
    clock.advance(seconds(29));
    await storm();
    expect(issuer.fetches()).toBe(2);
    clock.advance(seconds(1));
    await storm();
    expect(issuer.fetches()).toBe(3);
  });

  it("outlive an outage of any length, and no user is signed out", async () => {
    const { auth, clock, issuer, askWith } = await setUp();
    await askWith({});
    issuer.answerWith((response) => response.writeHead(500).end("{}"));
    for (let hour = 0; hour < 5; hour += 1) {
      clock.advance(hours(1));
      expect(await askWith({ sub: `user-${hour}` })).toMatchObject(viewer(`user-${hour}`));
    }
    expect(auth.warnings.length).toBeGreaterThan(0);
    expect(auth.warnings).toMatchObject(auth.warnings.map(() => ({ facts: { hasKeys: true } })));
  });

  it.each([
    ["garbage", "<html>"],
    ["another document", '{"keys": "none"}'],
    ["too much", `{"keys": [], "padding": "${"x".repeat(1_100_000)}"}`],
  ])("outlive %s in place of a JWK Set", async (_title, body) => {
    const { clock, issuer, askWith } = await setUp();
    await askWith({});
    issuer.answerWith((response) => void response.end(body));
    clock.advance(hours(2));
    expect(await askWith({})).toMatchObject(viewer("ada"));
  });

  it("are not fetched from where a redirect points", async () => {
    const { issuer, askWith } = await setUp();
    issuer.answerWith((response) => response.writeHead(302, { location: issuer.config.jwksUrl }).end());
    await expect(askWith({})).rejects.toMatchObject({ code: "TEMPORARILY_UNAVAILABLE" });
    expect(issuer.fetches()).toBe(1);
  });

  it("lead to TEMPORARILY_UNAVAILABLE until they were fetched once, and are tried again after two seconds", async () => {
    const { clock, issuer, key, askWith } = await setUp();
    issuer.answerWith((response) => response.writeHead(503).end());
    await expect(askWith({})).rejects.toMatchObject({ code: "TEMPORARILY_UNAVAILABLE", facts: { retryAfter: 2 } });
    issuer.publish(key);
    await expect(askWith({})).rejects.toMatchObject({ code: "TEMPORARILY_UNAVAILABLE" });
    expect(issuer.fetches()).toBe(1);
    clock.advance(seconds(2));
    expect(await askWith({})).toMatchObject(viewer("ada"));
  });

  it("that were withdrawn no longer verify remembered tokens", async () => {
    const { clock, issuer, key, ask } = await setUp();
    const token = await issue(key, clock, { exp: clock.now() / 1_000 + 7_200 });
    await ask(token);
    issuer.publish(await createKey("k2"));
    clock.advance(hours(1) + 1);
    await expect(ask(token)).rejects.toMatchObject(GENERIC);
  });

  it("are refreshed in the background after ten minutes", async () => {
    const { clock, issuer, key, askWith } = await setUp();
    await askWith({});
    const refetched = new Promise<void>((resolve) => {
      issuer.answerWith((response) => void response.end(JSON.stringify({ keys: [key.publicJwk] }), resolve));
    });
    clock.advance(minutes(10) + 1);
    expect(await askWith({})).toMatchObject(viewer("ada"));
    await refetched;
    expect(issuer.fetches()).toBe(2);
  });
});
