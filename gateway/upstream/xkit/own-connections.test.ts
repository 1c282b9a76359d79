import { text } from "node:stream/consumers";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Viewer } from "../../../schema/upstream.ts";
import { createPlainOwnUsersHarness, type FakeXkitHarness } from "../../../test/support/fake-xkit-harness.ts";
import { plainConnection, type ScriptedXkit, SLACK, startScriptedXkit, TOKEN } from "../../../test/support/scripted-xkit.ts";
import { sendJson } from "../../../test/support/server-io.ts";
import { anyToken, TEST } from "../../upstream-suite/harness.ts";

const ada: Viewer = { userId: "ada", groupId: null, name: "Ada" };
const READ = "GET /platform/users/ada/connections/slack";
const PROVISION = "POST /platform/users";

/** The connections of a user whom the gateway knows. */
const asOwn = ({ upstream }: ScriptedXkit, viewer = ada, stillAllowed = async () => true) =>
  upstream.forOwnUser({ viewer, stillAllowed, clientAddress: () => "192.0.2.1" });

/** Bearers `bearer-1`, `bearer-2`, … are made, which live for an hour. */
async function startMinting(): Promise<ScriptedXkit> {
  const fake = await startScriptedXkit();
  let count = 0;
  fake.on(PROVISION, (_request, response) => {
    const expires_at = new Date(fake.clock.now() + 3_600_000).toISOString();
    sendJson(response, 200, { access_token: `bearer-${(count += 1)}`, expires_at });
  });
  return fake;
}

const bearersOf = ({ headers }: ScriptedXkit) =>
  headers.map(({ authorization = "" }) => authorization).filter((value) => value.startsWith("Bearer"));

describe("the connections of a user whom the gateway itself knows", () => {
  it("are read with the key pair, in one request, and without asking who is asking", async () => {
    const fake = await startScriptedXkit();
    fake.on(READ, plainConnection(TOKEN));
    expect(await asOwn(fake).accessToken(SLACK, anyToken)).toMatchObject({ type: "AccessToken", value: TOKEN });
    expect(fake.requests).toEqual([`${READ}?authorization_header=true`]);
    expect(fake.headers[0]?.authorization).toBe(`Basic ${btoa("pk_scripted:sk_scripted")}`);
  });

  it("are none where the upstream does not know the user", async () => {
    const fake = await startScriptedXkit();
    fake.on("GET /platform_user/platform/connectors/slack", { connector: { slug: "slack", name: "Slack" } });
    expect(await asOwn(fake).list(null)).toEqual([]);
    expect(await asOwn(fake).find(SLACK)).toBeNull();
    expect(await asOwn(fake).accessToken(SLACK, anyToken)).toMatchObject({ type: "NotConnected" });
  });

  it("hold no fields that were typed, which servers are told", async () => {
    const fake = await startScriptedXkit();
    const { connection } = plainConnection(TOKEN);
    fake.on(READ, { connection: { ...connection, authorization: { ...connection.authorization, credential: { api_key: TOKEN } } } });
    expect(await asOwn(fake).accessToken(SLACK, anyToken)).toMatchObject({ type: "AccessToken", fields: null });
  });

  it("do not tell users what a provider said, which servers are told", async () => {
    const fake = await startScriptedXkit();
    const failures = [
      [502, "CONNECTOR_MISCONFIGURED"],
      [503, "TEMPORARILY_UNAVAILABLE"],
    ] as const;
    fake.on("GET /platform_user/platform/connectors/slack", { connector: { slug: "slack", name: "Slack" } });
    for (const [status, code] of failures) {
      fake.on(READ, (_request, response) => sendJson(response, status, { error: "Slack said: call 0800 to go on", code, retry_after: 5 }));
      expect(JSON.stringify(await asOwn(fake).accessToken(SLACK, anyToken))).not.toMatch(/0800[ .]/);
    }
  });

  it("are changed by a bearer that is made for the user, whose group and name the upstream is told first", async () => {
    const fake = await startMinting();
    const told: string[] = [];
    fake.on(PROVISION, async (request, response) => {
      told.push(await text(request));
      sendJson(response, 200, { access_token: `bearer-${told.length}` });
    });
    fake.on("POST /platform_user/connections/slack", plainConnection(null));
    const grace = { userId: "grace", groupId: "acme", name: "Grace" };
    for (let times = 0; times < 2; times += 1) await asOwn(fake, grace).start("slack", { id: null, returnTo: null });
    const user = { external_id: "grace", external_group_id: "acme", name: "Grace" };
    expect(told.map((body) => JSON.parse(body))).toEqual([{ user }, { user }]);
    expect(bearersOf(fake)).toEqual(["Bearer bearer-1", "Bearer bearer-2"]);
  });

  it("are followed by a bearer that is kept, until it ends or the user changes groups", async () => {
    const fake = await startMinting();
    fake.on("GET /platform_user/connections", { connections: [plainConnection(null).connection] });
    fake.on("GET /platform_user/authorizations/slack/7", { authorization: plainConnection(null).connection.authorization });
    const follow = (viewer: Viewer) => asOwn(fake, viewer).findAuthorization("7");
    const adapter = asOwn(fake);
    for (let times = 0; times < 2; times += 1) expect(await adapter.findAuthorization("7")).toMatchObject({ id: "7" });
    fake.clock.advance(3_541_000);
    await follow(ada);
    await follow({ ...ada, groupId: "acme" });
    expect([...new Set(bearersOf(fake))]).toEqual(["Bearer bearer-1", "Bearer bearer-2", "Bearer bearer-3"]);
  });

  it("are followed by another bearer where the one that was kept has been revoked", async () => {
    const fake = await startMinting();
    fake.on("GET /platform_user/connections", (request, response) => {
      if (request.headers.authorization === "Bearer bearer-1") sendJson(response, 401, { error: "revoked" });
      else sendJson(response, 200, { connections: [] });
    });
    expect(await asOwn(fake).findAuthorization("7")).toBeNull();
    expect(bearersOf(fake)).toEqual(["Bearer bearer-1", "Bearer bearer-2"]);
  });

  it("sign nobody out where the upstream refuses the bearers that it makes", async () => {
    const fake = await startMinting();
    fake.on("DELETE /platform_user/connections/slack", (_request, response) => sendJson(response, 401, { error: "no" }));
    await expect(asOwn(fake).disconnect(SLACK)).rejects.toMatchObject({ code: "UPSTREAM_UNAVAILABLE", facts: { retryAfter: 2 } });
  });

  it("end to be watched once the user is no longer signed in here", async () => {
    const fake = await startMinting();
    fake.on("GET /platform/users/ada/connections", { connections: [] });
    let isAllowed = true;
    const watched = await asOwn(fake, ada, async () => isAllowed).watch(null);
    const next = watched[Symbol.asyncIterator]().next();
    isAllowed = false;
    fake.clock.advance(3_000);
    expect(await next).toMatchObject({ done: true });
  });
});

describe("the connections of a member whom the gateway itself knows", () => {
  async function startHarness(): Promise<FakeXkitHarness> {
    const harness = await createPlainOwnUsersHarness();
    onTestFinished(harness.close);
    return harness;
  }

  it("are read by lists alone, which have no tokens", async () => {
    const { signIn, requests } = await startHarness();
    const [grace, hedy] = [await signIn("grace", "acme"), await signIn("hedy", "acme")];
    expect(await grace.connections.accessToken(TEST, anyToken)).toMatchObject({ type: "NotConnected" });
    const started = await grace.connections.start("test", { id: null, returnTo: null });
    await grace.visit(started.authorization?.authorizeUrl ?? null);
    for (const { connections } of [grace, hedy])
      for (const where of [TEST, { id: started.id }]) {
        expect(await connections.find(where)).toMatchObject({ id: started.id, enabled: true });
        expect(await connections.accessToken(where, anyToken)).toMatchObject({ type: "TokenWithheld" });
      }
    await grace.connections.disconnect(TEST);
    expect(await hedy.connections.accessToken(TEST, anyToken)).toMatchObject({ type: "NotConnected" });
    await expect(hedy.connections.accessToken({ slug: "nothing" }, anyToken)).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect(requests.filter((request) => /^GET .*\/connections?\/[^/]+$/.test(request))).toEqual([]);
  });
});
