import { sql } from "kysely";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createKey, issue, startIssuer } from "../../test/support/auth.ts";
import { createBrowser } from "../../test/support/browser.ts";
import { basicOf, createServerHeaders } from "../../test/support/caller.ts";
import { databaseKinds } from "../../test/support/databases.ts";
import { insertMany } from "../../test/support/many-connections.ts";
import { formOf, inServices, signInAsOperator } from "../../test/support/operator.ts";
import { COOKIES, PUBLIC_URL, sendTo, startTestApp, type TestApp, type TestAppOptions } from "../../test/support/test-app.ts";
import { startWebhookReceiver } from "../../test/support/webhook-receiver.ts";
import { PATIENCE } from "../../test/support/patience.ts";
import { askToken, inStore } from "../../test/support/vault.ts";
import { ISSUED_SESSION_SECONDS, KEY_SESSION_SECONDS } from "../auth/operators.ts";

let test: TestApp;
afterEach(() => test.close());
const start = async (options?: TestAppOptions) => (test = await startTestApp(options));

const TITLE = "<h1>Connectors</h1>";
const SIGN_IN = 'action="/admin/session"';
const paths = ["", "/connections", "/keys", "/webhooks", "/audit", "/sealing"];

/** The only connection of the store. */
const onlyConnection = () => inStore(test, (query) => query.selectFrom("connections").selectAll().executeTakeFirstOrThrow());

describe.each(databaseKinds)("an operator on %s", (database) => {
  it("signs in by an API key in the form, and sees every page, until they sign out", async () => {
    await start({ database });
    const { browser, answer, read, post } = await signInAsOperator(test);
    expect([answer.status, answer.headers.get("location")]).toEqual([303, `${PUBLIC_URL}/admin`]);
    expect(answer.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^xkit_4000_operator=[\w-]{43}; Max-Age=28800; Path=\/admin; HttpOnly; SameSite=Strict$/),
    ]);
    for (const path of paths) expect([path, (await browser.fetch(`/admin${path}`)).status]).toEqual([path, 200]);
    expect(await read("")).toContain(TITLE);
    const secret = browser.cookie(COOKIES.operator.name) ?? "";
    expect((await post("/sign-out")).headers.getSetCookie()).toEqual([expect.stringContaining("Max-Age=0")]);
    const replayed = await sendTo(test.app)("/admin", { headers: { cookie: `${COOKIES.operator.name}=${secret}` } });
    expect(replayed.status).toBe(401);
    expect(await inStore(test, (query) => query.selectFrom("operator_sessions").selectAll().execute())).toEqual([]);
  });

  it("is signed out when the key is revoked, in every process, and after eight hours", async () => {
    await start({ database });
    const { browser, keyId } = await signInAsOperator(test);
    const later = await signInAsOperator(test);
    const twin = await test.startTwin();
    const cookie = { headers: { cookie: `${COOKIES.operator.name}=${browser.cookie(COOKIES.operator.name)}` } };
    expect((await sendTo(twin)("/admin", cookie)).status).toBe(200);
    await inServices(test, ({ auth }) => auth.apiKeys.revoke(keyId));
    await expect.poll(async () => (await sendTo(twin)("/admin", cookie)).status).toBe(401);
    expect((await browser.fetch("/admin")).status).toBe(401);
    test.clock.advance(KEY_SESSION_SECONDS * 1_000 - 1);
    expect((await later.browser.fetch("/admin")).status).toBe(200);
    test.clock.advance(1);
    expect((await later.browser.fetch("/admin")).status).toBe(401);
  });

  it("finds no API key, and no page of the audit, by text that a store cannot hold", async () => {
    await start({ database });
    const { browser, post } = await signInAsOperator(test);
    expect((await post("/keys/%00/revoke")).status).toBe(404);
    const after = Buffer.from(JSON.stringify(["audit", 1, "\u0000"])).toString("base64url");
    expect((await browser.fetch(`/admin/audit?after=${after}`)).status).toBe(400);
  });

  it("has no session by a row that no gateway wrote", async () => {
    await start({ database });
    const { browser } = await signInAsOperator(test);
    await inStore(test, (query) => query.updateTable("operator_sessions").set({ expires_at: Number.MAX_SAFE_INTEGER }).execute());
    expect((await browser.fetch("/admin")).status).toBe(401);
  });

  it("refreshes, disables, enables and disconnects a connection, and each is recorded with the key and where it came from", async () => {
    await start({ database });
    const ada = await test.signIn("ada");
    await ada.connect();
    const { read, post, keyId } = await signInAsOperator(test);
    const { id } = await onlyConnection();
    for (const action of ["refresh", "disable", "enable"]) {
      const { status, headers } = await post(`/connections/${id}/${action}`);
      const done = action === "refresh" ? "refreshed" : action;
      expect([status, headers.get("location")]).toEqual([303, `${PUBLIC_URL}/admin/connections/${id}?done=${done}`]);
    }
    expect(await read(`/connections/${id}?done=refreshed`)).toContain("There is a new token.");
    expect(await read(`/connections/${id}/disconnect`)).toContain("Only its user can connect it again.");
    expect((await askToken(ada)).__typename).toBe("AccessToken");
    await post(`/connections/${id}/disconnect`);
    expect((await askToken(ada)).__typename).toBe("NotConnected");
    expect(await read(`/connections/${id}`)).toContain("not connected");
    await test.app.close();
    const listed = await inServices(test, ({ audit }) => audit.reader.list({}, { first: 50, after: null }, "oldest"));
    const acts = listed.items.map(({ item }) => item).filter(({ actor }) => actor.kind === "operator");
    const actions = ["operator.sign_in", "connection.refresh", "connection.disable", "connection.enable", "connection.disconnect"];
    expect(acts.map(({ action }) => action)).toEqual(actions);
    for (const act of acts) expect(act).toMatchObject({ actor: { keyId }, requestId: expect.any(String) });
    expect(acts.at(-1)).toMatchObject({ connectionId: id, owner: { kind: "user", id: "ada" } });
  });

  it("who is a user by an issuer's claim is recorded as that user, and leaves with the claim, the user's tokens or the user", async () => {
    const issuer = await startIssuer({ operator: { claim: "roles", value: "xkit-operator" } });
    const key = await createKey("k1");
    issuer.publish(key);
    const { operator, jwksUrl, issuer: iss, audience: aud, userIdClaim } = issuer.config;
    await start({ database, file: { token_issuers: [{ iss, aud, user_id_claim: userIdClaim, jwks_url: jwksUrl, operator }] } });
    const open = async (claims: object) => {
      const browser = createBrowser(test.app, PUBLIC_URL);
      const answer = await browser.fetch("/admin/session", formOf({ secret: await issue(key, test.clock, { sub: "grace", ...claims }) }));
      return { browser, status: answer.status };
    };
    expect((await open({})).status).toBe(401);
    expect((await open({ roles: "xkit-operators" })).status).toBe(401);
    expect((await open({ roles: ["xkit-operator"], aud: "other" })).status).toBe(401);
    const { browser, status } = await open({ roles: ["reader", "xkit-operator"] });
    expect(status).toBe(303);
    expect(await (await browser.fetch("/admin")).text()).toMatch(
      /class="avatar" aria-hidden="true">G<[^]*Signed in as <b dir="auto">grace</,
    );
    const bearer = { authorization: `Bearer ${await issue(key, test.clock, { sub: "grace", roles: ["xkit-operator"] })}` };
    expect((await test.graphql(`{ user(id: "grace") { id } }`, {}, bearer)).errors[0]?.extensions.code).toBe("FORBIDDEN");
    expect((await sendTo(test.app)("/admin", { headers: bearer })).status).toBe(401);
    await test.graphql("{ viewer { id } }", {}, bearer);
    test.clock.advance(1_000);
    await inServices(test, ({ auth }) => auth.users.revoke("grace"));
    await expect.poll(async () => (await browser.fetch("/admin")).status).toBe(401);
    test.clock.advance(60_000);
    const again = await open({ roles: "xkit-operator" });
    expect((await again.browser.fetch("/admin")).status).toBe(200);
    test.clock.advance(ISSUED_SESSION_SECONDS * 1_000);
    expect((await again.browser.fetch("/admin")).status).toBe(401);
    await test.app.close();
    const listed = await inServices(test, ({ audit }) => audit.reader.list({ userId: "grace" }, { first: 50, after: null }, "oldest"));
    expect(listed.items.map(({ item }) => [item.action, item.actor.kind, item.actor.userId])).toContainEqual([
      "operator.sign_in",
      "operator",
      "grace",
    ]);
  });

  it.each(["revokeSessions", "revokeUserTokens"])(
    "who is no user of the platform is signed out in every process by %s, and is NOT_FOUND after that",
    async (mutation) => {
      const issuer = await startIssuer({ operator: { claim: "roles", value: "xkit-operator" } });
      const key = await createKey("k1");
      issuer.publish(key);
      const { operator, jwksUrl, issuer: iss, audience: aud } = issuer.config;
      await start({ database, file: { token_issuers: [{ iss, aud, jwks_url: jwksUrl, operator }] } });
      const twin = await test.startTwin();
      const signIn = async (sub: string) => {
        const browser = createBrowser(test.app, PUBLIC_URL);
        await browser.fetch("/admin/session", formOf({ secret: await issue(key, test.clock, { sub, roles: "xkit-operator" }) }));
        const cookie = `${COOKIES.operator.name}=${browser.cookie(COOKIES.operator.name)}`;
        return (via: TestApp["app"]) => sendTo(via)("/admin", { headers: { cookie } }).then(({ status }) => status);
      };
      const [grace, again, other] = [await signIn("grace"), await signIn("grace"), await signIn("hopper")];
      expect([await grace(twin), await again(twin), await other(twin)]).toEqual([200, 200, 200]);
      const count = mutation === "revokeSessions" ? " count" : "";
      const headers = await createServerHeaders(test);
      const revoke = () => test.graphql(`mutation { ${mutation}(input: { id: "grace" }) { user { id }${count} } }`, {}, headers);
      expect((await revoke()).data[mutation]).toEqual({ user: { id: "grace" }, ...(count && { count: 2 }) });
      for (const via of [test.app, twin]) expect([await grace(via), await again(via), await other(via)]).toEqual([401, 401, 200]);
      expect((await revoke()).errors[0]?.extensions.code).toBe("NOT_FOUND");
    },
  );

  it("counts what there is much of up to a bound", async () => {
    const secrets = [`whsec_${Buffer.alloc(32, 1).toString("base64")}`];
    // Told of nothing that happens here.
    const webhook = { name: "backend", url: "https://example.com/", secrets, events: ["connection.expiring"] };
    await start({ database, file: { webhooks: [webhook] } });
    const many = 10_001;
    await inStore(test, async (query) => {
      await insertMany(query, many, { authorization: { sealed_refresh_token: "'s1.test.x'" } });
      await sql`insert into events (number, id, type, connector_slug, body, at)
        select created_at, id, 'connection.expiring', 'test', '{}', 0 from connections where id like 'c1%'`.execute(query);
      await sql`insert into deliveries (endpoint, number, ordered_by, attempts, next_at)
        select 'backend', number, id, 1, 9000000000000 from events where id like 'c1%'`.execute(query);
    });
    const { read } = await signInAsOperator(test);
    expect(await read("/webhooks")).toContain("more than 10,000 pending");
    expect(await read("/sealing")).toContain("authorizations.sealed_refresh_token more than 10,000");
  });

  it("has dead events sent again, all of a webhook or one", async () => {
    const receiver = await startWebhookReceiver();
    const secrets = [`whsec_${Buffer.alloc(32, 1).toString("base64")}`];
    await start({ database, file: { webhooks: [{ name: "backend", url: receiver.url, secrets, allow_private_addresses: true }] } });
    await (await test.signIn("ada")).connect();
    await vi.waitUntil(() => receiver.received.length === 1, PATIENCE);
    const { id = "" } = receiver.received[0] ?? {};
    const { read, post } = await signInAsOperator(test);
    expect(await read("/webhooks")).toContain("0 dead");
    expect((await post(`/webhooks/backend/replay?event=${id}`)).headers.get("location")).toBe(`${PUBLIC_URL}/admin/webhooks?done=replayed`);
    await vi.waitUntil(() => receiver.received.length === 2, PATIENCE);
    expect((await post("/webhooks/backend/replay?event=evt_unknown")).status).toBe(404);
    expect((await post("/webhooks/other/replay")).status).toBe(404);
    await receiver.close();
    await test.app.close();
    const filter = { action: "webhook.replay" };
    const { items } = await inServices(test, ({ audit }) => audit.reader.list(filter, { first: 9, after: null }, "oldest"));
    expect(items.map(({ item }) => item.details)).toEqual([{ webhook: "backend", events: 1 }]);
  });

  it("finds connections by connector, health, owner and account, a page at a time", async () => {
    await start({ database });
    for (const id of ["ada", "ben"]) await (await test.signIn(id)).connect();
    const { read } = await signInAsOperator(test);
    const owners = async (query: string) =>
      [...(await read(`/connections?${query}`)).matchAll(/<span dir="auto">(ada|ben)<\/span>/g)].map(([, id = ""]) => id).toSorted();
    expect(await owners("connector=test&health=&user=")).toEqual(["ada", "ben"]);
    expect(await owners("user=ben")).toEqual(["ben"]);
    expect(await owners("health=reconnect_required")).toEqual([]);
    expect(await owners("connector=nothing")).toEqual([]);
    expect(await read("/connections?health=fine")).toContain("health:");
    const { id } = await onlyConnection();
    const found = await (await signInAsOperator(test)).browser.fetch(`/admin/connections?id=${id}`);
    expect(found.headers.get("location")).toBe(`${PUBLIC_URL}/admin/connections/${id}`);
    expect(await read("/connections/00000000-0000-4000-8000-000000000000")).toContain("Something went wrong");
  });
});

describe("the operator's page", () => {
  it("takes a form from its own origin alone, and does nothing by GET", async () => {
    await start();
    const ada = await test.signIn("ada");
    await ada.connect();
    const { browser, keyId, secretKey } = await signInAsOperator(test);
    const { id } = await onlyConnection();
    const typed = new URLSearchParams({ publishable: keyId, secret: secretKey });
    for (const origin of [undefined, "null", "https://evil.example", "http://localhost:5173"]) {
      const headers = origin === undefined ? {} : { origin };
      for (const path of [`/connections/${id}/disconnect`, `/keys/${keyId}/revoke`, "/sign-out", "/session"]) {
        const answer = await browser.fetch(`/admin${path}`, { method: "POST", headers, body: typed });
        expect([path, answer.status, answer.headers.getSetCookie()]).toEqual([path, 403, []]);
      }
    }
    for (const path of [`/connections/${id}/refresh`, "/session", "/sign-out", `/connections/${id}/disconnect`])
      await browser.fetch(`/admin${path}`);
    expect((await askToken(ada)).__typename).toBe("AccessToken");
    expect((await browser.fetch("/admin/session")).headers.get("location")).toBe(`${PUBLIC_URL}/admin`);
    expect((await browser.fetch("/admin")).status).toBe(200);
  });

  it("takes no API key in a header, and its cookie is no credential anywhere else", async () => {
    await start();
    const { browser, keyId, secretKey } = await signInAsOperator(test);
    const authorization = basicOf({ id: keyId, secret: secretKey });
    for (const headers of [{ authorization }, { authorization, origin: PUBLIC_URL }])
      expect((await sendTo(test.app)("/admin", { headers })).status).toBe(401);
    expect((await test.graphql(`{ user(id: "ada") { id } }`, {}, { authorization, origin: PUBLIC_URL })).errors[0]?.extensions.code).toBe(
      "FORBIDDEN",
    );
    expect((await browser.fetch("/metrics")).status).toBe(401);
    expect((await browser.fetch("/api/platform/users")).status).toBe(401);
    const secret = browser.cookie(COOKIES.operator.name) ?? "";
    const asSession = { origin: PUBLIC_URL, cookie: `${COOKIES.session.name}=${secret}`, "content-type": "application/json" };
    const refused = await test.graphql("mutation { refreshSession { token } }", {}, asSession);
    expect(refused.errors[0]?.extensions.code).toBe("UNAUTHENTICATED");
  });

  it("counts wrong keys as refused credentials, and never repeats what was typed as a secret", async () => {
    await start({ env: { XKIT_TRUSTED_PROXY_HOPS: "1" } });
    const { keyId, secretKey } = await signInAsOperator(test);
    const wrong = `sk_${"x".repeat(43)}`;
    const send = () =>
      sendTo(test.app)("/admin/session", {
        method: "POST",
        headers: { origin: PUBLIC_URL, "x-forwarded-for": "203.0.113.9" },
        body: new URLSearchParams({ publishable: keyId, secret: wrong }),
      });
    const answer = await send();
    const page = await answer.text();
    expect([answer.status, page.includes("unknown, wrong or revoked"), page.includes(wrong)]).toEqual([401, true, false]);
    expect(page).toContain(`value="${keyId}"`);
    let status = 0;
    for (let count = 0; count < 700 && status !== 429; count += 1) ({ status } = await send());
    expect(status).toBe(429);
    expect(test.logged.join("")).not.toMatch(new RegExp(`${wrong}|${secretKey}`));
  });

  it("leads back to the page that was asked for, and to none elsewhere", async () => {
    await start();
    const asked = await sendTo(test.app)("/admin/audit?span=day&action=key.revoke");
    expect([asked.status, (await asked.text()).includes('value="/admin/audit?span=day&amp;action=key.revoke"')]).toEqual([401, true]);
    const { post, keyId, secretKey } = await signInAsOperator(test);
    const leadOf = async (wanted: string) =>
      (await post("/session", { publishable: keyId, secret: secretKey, wanted })).headers.get("location");
    expect(await leadOf("/admin/audit?span=day")).toBe(`${PUBLIC_URL}/admin/audit?span=day`);
    for (const wanted of [
      "https://evil.example/admin",
      "//evil.example/admin",
      "/connect/test",
      "/admin/../sign-out",
      "/administrator",
      "x",
    ])
      expect(await leadOf(wanted)).toBe(`${PUBLIC_URL}/admin`);
  });

  it("is not cached, not framed, runs no script, and escapes what comes from outside", async () => {
    const HOSTILE = `<script>alert("1")</script>'&`;
    await start({ file: { platform: { name: HOSTILE } }, connector: { name: HOSTILE } });
    const ada = await test.signIn(`ada${HOSTILE}`);
    await ada.connect();
    const { browser, post } = await signInAsOperator(test);
    const { id } = await onlyConnection();
    await post(`/connections/${id}/refresh`);
    for (const path of [
      ...paths,
      `/connections/${id}`,
      `/connections/${id}/disconnect`,
      `/nothing`,
      `/connections?account=${encodeURIComponent(HOSTILE)}`,
    ]) {
      const { headers, ...answer } = await browser
        .fetch(`/admin${path}`)
        .then(async (response) => ({ headers: response.headers, page: await response.text() }));
      expect([path, answer.page.includes("<script")]).toEqual([path, false]);
      expect(headers.get("content-security-policy")?.replace(/'sha256-[^']+'/, "<hash>")).toBe(
        "default-src 'none'; style-src <hash>; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
      );
      expect([headers.get("cache-control"), headers.get("referrer-policy"), headers.get("x-frame-options")]).toEqual([
        "no-store",
        "same-origin",
        "DENY",
      ]);
    }
    expect(await (await browser.fetch("/admin")).text()).toContain(SIGN_IN.replace("session", "sign-out"));
  });

  it("holds no token, no key and no secret on any page", async () => {
    await start();
    const ada = await test.signIn("ada");
    await ada.connect();
    const { value = "" } = await askToken(ada);
    const { browser, read, post, secretKey } = await signInAsOperator(test);
    const { id } = await onlyConnection();
    await post(`/connections/${id}/refresh`);
    const renewed = (await askToken(ada)).value ?? "";
    const sealingKey = Buffer.from(test.config.sealingKeys?.[0]?.secret ?? "").toString("base64");
    const own = [value, renewed, secretKey, sealingKey, browser.cookie(COOKIES.operator.name) ?? "", test.provider.client.clientSecret];
    const issued = [...test.provider.issuedSecrets, ...own].filter((secret) => secret !== null);
    expect(issued.every((secret) => secret.length > 5)).toBe(true);
    for (const path of [...paths, `/connections/${id}`, `/connections/${id}?done=refreshed`, `/connections/${id}/disconnect`]) {
      const page = await read(path);
      expect([path, issued.filter((secret) => page.includes(secret))]).toEqual([path, []]);
    }
  });

  it("revokes an API key after asking, also the one that signed in", async () => {
    await start();
    const { read, post, browser, keyId } = await signInAsOperator(test);
    expect(await read(`/keys/${keyId}/revoke`)).toContain("revoking it signs you out");
    expect((await post(`/keys/${keyId}/revoke`)).status).toBe(303);
    expect((await browser.fetch("/admin/keys")).status).toBe(401);
    expect((await (await signInAsOperator(test)).post(`/keys/${keyId}/revoke`)).status).toBe(404);
  });

  it("tells of connectors how many connections are how, with the codes of what is wrong", async () => {
    await start();
    for (const id of ["ada", "ben"]) await (await test.signIn(id)).connect();
    await inStore(test, (query) =>
      query
        .updateTable("authorizations")
        .set({ failure_kind: "temporary", failure_code: "http_503" })
        .where("started_by", "=", "ben")
        .execute(),
    );
    const { read } = await signInAsOperator(test);
    await expect.poll(() => read("")).toContain("1 provider unavailable: http_503 1");
    expect(await read("")).toContain("1 working");
  });
});
