import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it, onTestFinished } from "vitest";
import type { z } from "zod";
import { wireError } from "../../../gateway/rest/wire.ts";
import { wireAnswers } from "../../../gateway/rest/wire-answers.ts";
import { suiteCatalog } from "../suite-connectors.ts";
import { type AuthorizationServer, startAuthorizationServer } from "../authorization-server.ts";
import { createManualClock, type ManualClock } from "../../../gateway/upstream-suite/manual-clock.ts";
import { type Dialect, plainService, wholeContract } from "./dialects.ts";
import { type FakeXkit, startFakeXkit } from "./fake-xkit.ts";

let clock: ManualClock;
let provider: AuthorizationServer;
let fake: FakeXkit;

async function start(dialect: Dialect = wholeContract): Promise<void> {
  clock = createManualClock();
  provider = await startAuthorizationServer({ now: clock.now });
  const { clientId, clientSecret } = provider.client;
  const behind = { url: provider.url, clientId, clientSecret: clientSecret ?? "" };
  fake = await startFakeXkit({ connectors: suiteCatalog, provider: behind, now: clock.now, dialect });
  onTestFinished(async () => {
    await fake.close();
    await provider.close();
  });
}

type Headers = Record<string, string>;

async function ask(method: string, path: string, headers: Headers = {}, body?: object) {
  const init = { method, headers, redirect: "manual", ...(body && { body: JSON.stringify(body) }) } as const;
  const response = await fetch(`${fake.url}${path}`, init);
  const text = await response.text();
  // Answers are read in many shapes; each assertion states its own.
  // oxlint-disable-next-line typescript/no-explicit-any
  const json: any = text === "" ? null : JSON.parse(text);
  return {
    status: response.status,
    headers: response.headers,
    body: json,
    cookie: response.headers.get("set-cookie")?.split(";")[0] ?? "",
  };
}

const keys = (): Headers => ({ authorization: `Basic ${btoa(`${fake.keys.publishable}:${fake.keys.secret}`)}` });
const forUsers = (path: string) => `/api/platform_user${path}`;
const forServers = (path: string) => `/api/platform${path}`;

async function bearerOf(id: string, group: string | null = null): Promise<Headers> {
  const { body } = await ask("POST", forServers("/users"), keys(), { user: { external_id: id, external_group_id: group } });
  return { authorization: `Bearer ${body.access_token}` };
}

/** Connects `single` in the browser that asks. */
async function connect(bearer: Headers): Promise<void> {
  const { body, cookie } = await ask("POST", forUsers("/connections/single"), bearer);
  await fetch(await provider.authorize(body.connection.authorization.authorize_url), { headers: { cookie } });
}

/** With every member that the gateway's schema names, and no other. */
function expectWire(schema: z.ZodType, body: unknown): void {
  expect(schema.parse(body)).toEqual(body);
}

describe("the fake of the REST contract", () => {
  it("is written from the page alone", () => {
    const sources = readdirSync(import.meta.dirname).filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"));
    const imports = sources.flatMap((name) => readFileSync(`${import.meta.dirname}/${name}`, "utf8").match(/ from ".*";/g) ?? []);
    expect(imports.filter((line) => /gateway|schema/.test(line))).toEqual([]);
  });

  it("answers users in the shapes of the gateway", async () => {
    await start();
    const ada = await bearerOf("ada");
    const get = async (path: string) => (await ask("GET", forUsers(path), ada)).body;
    expectWire(wireAnswers.session, await get("/session"));
    expectWire(wireAnswers.platform, await get("/platform"));
    expectWire(wireAnswers.publicConnectors, await get("/platform/connectors"));
    expectWire(wireAnswers.publicConnector, await get("/platform/connectors/key"));
    expectWire(wireAnswers.connection, (await ask("POST", forUsers("/connections/key"), ada)).body);
    await connect(ada);
    expectWire(wireAnswers.connectors, await get("/connectors"));
    expectWire(wireAnswers.connector, await get("/connectors/single"));
    expectWire(wireAnswers.connections, await get("/connections"));
    const single = await get("/connections/single");
    expectWire(wireAnswers.singleConnection, single);
    expectWire(wireAnswers.singleConnection, await get(`/connection/${single.connection.id}`));
    const withViewer = await get("/connections/single?viewer=true");
    expectWire(wireAnswers.userConnection, withViewer);
    expect(withViewer.viewer.after).toEqual({ external_id: "ada", external_group_id: null, name: null });
    expectWire(wireAnswers.authorization, await get(`/authorizations/single/${single.connection.authorization.id}`));
    expectWire(wireAnswers.connection, (await ask("DELETE", forUsers("/connections/single"), ada)).body);
    expect(single.connection.authorization.access_token).toEqual(expect.any(String));
  });

  it("answers servers in the shapes of the gateway", async () => {
    await start();
    expectWire(wireAnswers.provisionedUser, (await ask("POST", forServers("/users"), keys(), { user: { external_id: "ada" } })).body);
    const context = { context: { external_id: "eve", external_name: "Eve" } };
    expectWire(wireAnswers.provisionedContext, (await ask("POST", forServers("/contexts"), keys(), context)).body);
    const get = async (path: string) => (await ask("GET", forServers(path), keys())).body;
    const member = await bearerOf("grace", "acme");
    expectWire(wireAnswers.serverConnection, await get("/groups/acme/connections/single"));
    await connect(member);
    expectWire(wireAnswers.user, await get("/users/grace"));
    expectWire(wireAnswers.group, await get("/groups/acme"));
    expectWire(wireAnswers.context, await get("/contexts/acme"));
    expectWire(wireAnswers.connections, await get("/contexts/acme/connections"));
    const single = await get("/groups/acme/connections/single");
    expectWire(wireAnswers.serverConnection, single);
    expectWire(wireAnswers.singleConnection, await get(`/groups/acme/connection/${single.connection.id}`));
  });

  it("refuses as the page says", async () => {
    await start();
    const ada = await bearerOf("ada");
    const page = { ...keys(), origin: "https://app.example" };
    const refused = [
      ["GET", forUsers("/session"), {}, 401, "UNAUTHENTICATED"],
      ["GET", forUsers("/connections"), keys(), 403, "FORBIDDEN"],
      ["GET", forUsers("/connections/single"), ada, 404, "NOT_CONNECTED"],
      ["GET", forUsers("/connections/nothing"), ada, 404, "NOT_FOUND"],
      ["GET", forServers("/users/ada"), { authorization: "Basic eDp5" }, 401, "UNAUTHENTICATED"],
      ["GET", forServers("/users/ada"), page, 403, "FORBIDDEN"],
      ["GET", forServers("/users/ada"), ada, 403, "FORBIDDEN"],
      ["GET", forServers("/users/eve"), keys(), 404, "NOT_FOUND"],
      ["POST", forUsers("/sessions/token"), {}, 403, "FORBIDDEN"],
      ["POST", forUsers("/sessions/token"), { origin: fake.url }, 401, "UNAUTHENTICATED"],
    ] as const;
    for (const [method, path, headers, status, code] of refused) {
      const answer = await ask(method, path, headers);
      expect([path, answer.status, answer.body.code]).toEqual([path, status, code]);
      if (status >= 400) expectWire(wireError, answer.body);
      expect(answer.headers.get("cache-control")).toBe("no-store");
    }
  });

  it("keeps a user you signed in with its cookie until they sign out", async () => {
    await start();
    const { cookie, body } = await ask("POST", forUsers("/sessions"), await bearerOf("ada"));
    expectWire(wireAnswers.sessionToken, body);
    const page = { cookie, origin: fake.url };
    clock.advance(86_400_000);
    const { access_token } = (await ask("POST", forUsers("/sessions/token"), page)).body;
    const { session } = (await ask("GET", forUsers("/session"), { authorization: `Bearer ${access_token}` })).body;
    expect(session.user.external_id).toBe("ada");
    for (let times = 0; times < 2; times += 1) expect((await ask("DELETE", forUsers("/sessions"), page)).status).toBe(204);
    expect((await ask("POST", forUsers("/sessions/token"), page)).status).toBe(401);
  });

  it("binds what is started to the browser that asked, or to the one that follows a link once", async () => {
    await start();
    const ada = await bearerOf("ada");
    const { authorize_url, state } = (await ask("POST", forUsers("/connections/single"), ada)).body.connection.authorization;
    const callback = await provider.authorize(authorize_url);
    expect((await fetch(callback)).status).toBe(403);
    const { ott } = (await ask("POST", forUsers("/sessions/ott"), ada)).body;
    const link = `/authorizations/single/continue?${new URLSearchParams({ token: ott, state })}`;
    expect((await ask("GET", link)).status).toBe(200);
    expect((await ask("POST", link, { origin: "https://app.example" })).status).toBe(403);
    const { status, cookie } = await ask("POST", link, { origin: fake.url });
    expect(status).toBe(303);
    expect((await ask("POST", link, { origin: fake.url })).status).toBe(401);
    expect((await fetch(callback, { headers: { cookie } })).status).toBe(200);
    expect((await ask("GET", forUsers("/connections/single"), ada)).body.connection.enabled).toBe(true);
  });
});

describe("the fake as a plain service", () => {
  it("has no member, parameter or path that only this project documents", async () => {
    await start(plainService({ saysWho: false }));
    const ada = await bearerOf("ada");
    expect((await ask("GET", forUsers("/session"), ada)).status).toBe(204);
    expect((await ask("GET", forServers("/users/ada"), keys())).status).toBe(404);
    expect((await ask("GET", forUsers("/connections/single"), ada)).body).toEqual({ error: expect.any(String) });
    await connect(ada);
    const connector = { slug: "single", name: "Single", short_description: "One of it", description: "**Only** one" };
    const publicConnector = { ...connector, mark_url: "https://single.example/mark.svg", supports_multiple_connections: false };
    const { body } = await ask("GET", forUsers("/connections/single?access_token=false&minimum_ttl=86000&viewer=true"), ada);
    expect(body.connection).toEqual({
      id: expect.any(String),
      enabled: true,
      connector: publicConnector,
      authorization: {
        id: 1,
        display_label: "user-1@example.test",
        status: "active",
        authorizer: { client_id: "", prototype: { name: "Single", slug: "single" } },
        connector: publicConnector,
        access_token: expect.any(String),
      },
    });
    await ask("DELETE", forUsers("/connections/single"), ada);
    expect((await ask("GET", forUsers("/connections"), ada)).body).toEqual({ connections: [] });
  });
});
