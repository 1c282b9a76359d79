/** A group's tokens are in no page: see graphql.test.ts. */
import { afterEach, beforeEach, expect, it } from "vitest";
import { PUBLIC_URL, WEB_ORIGIN } from "../support/test-app.ts";
import { type PlainGateway, startPlainGateway } from "./plain.ts";
import { createWorld, users, type World } from "./world.ts";

let gateway: PlainGateway;
let world: World;
beforeEach(async () => {
  gateway = await startPlainGateway();
  world = await createWorld(gateway);
});
afterEach(() => world.close());

const names = { member: "grace", "former member": "fred", "member of another group": "bob", "user without a group": "ada" };

it.each(users)("no page shows the group's token: %s", async (asker) => {
  const { browser } = await gateway.userOf(names[asker]);
  const statuses: Record<string, number> = {};
  async function look(name: string, path: string, init?: RequestInit): Promise<string> {
    const response = await browser.fetch(path, init);
    const text = `${JSON.stringify([...response.headers])} ${await response.text()}`;
    expect({ name, leaks: world.leaks(text) }).toEqual({ name, leaks: false });
    statuses[name] = response.status;
    return response.headers.get("location") ?? "";
  }

  const { test, keyed } = world.planted;
  await look("reconnect", `/connect/test?id=${test.connectionId}`);
  await look("reconnect by form", `/connect/keyed?id=${keyed.connectionId}`);
  const atProvider = await look("connect", "/connect/test");
  const callback = (await world.provider.authorize(atProvider)).href;
  await look("callback", callback);
  await look("callback again", callback);
  world.provider.controls.denyNext("access_denied", world.groupSecrets()[0]);
  await look("callback that was denied", (await world.provider.authorize(await look("connect", "/connect/test"))).href);
  world.provider.controls.next({
    status: 400,
    body: { error: "invalid_grant", error_description: world.groupSecrets().join(" ").slice(0, 500) },
  });
  await look("callback that failed", (await world.provider.authorize(await look("connect", "/connect/test"))).href);
  const form = await look("connect by form", "/connect/keyed");
  await look("form", form);
  const origin = { origin: PUBLIC_URL };
  const api_key = world.typeKey(asker);
  await look("form, refused", form, { method: "POST", headers: origin, body: new URLSearchParams({ api_key, wrong: "x" }) });
  await look("form, sent", form, { method: "POST", headers: origin, body: new URLSearchParams({ api_key }) });
  const ott = await world.read("/api/platform_user/sessions/ott", { method: "POST", headers: await world.headersOf(asker) });
  const token = String(JSON.parse(ott.body).ott);
  const loading = new URLSearchParams({ opener_origin: WEB_ORIGIN, token }).toString();
  const opener = { headers: { referer: `${WEB_ORIGIN}/` } };
  await look("loading", `/authorizations/loading?opener_origin=${WEB_ORIGIN}`, opener);
  await look("loading a connector", `/authorizations/test/loading?${loading}`, opener);
  await look("redeem", "/authorizations/redeem", {
    method: "POST",
    headers: { ...origin, "content-type": "application/json" },
    body: JSON.stringify({ token }),
  });
  await look("done", "/authorizations/done");
  for (const path of ["/", "/connectors", "/connectors/test", "/xkit.js"]) await look(path, path);
  for (const path of ["/healthz", "/readyz", "/metrics", "/.well-known/jwks.json"]) await look(path, path);

  expect(statuses).toMatchObject({
    callback: 200,
    "callback that was denied": 400,
    "callback that failed": 400,
    "connect by form": 303,
    form: 200,
    "form, refused": 400,
    "form, sent": 303,
    loading: 200,
    "loading a connector": 200,
    redeem: 204,
    done: 200,
    "/healthz": 200,
  });
  expect(world.leaks(world.logged.join("\n"))).toBe(false);
});
