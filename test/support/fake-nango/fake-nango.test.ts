import { createHmac } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startNangoWorld, type NangoWorld } from "../nango.ts";
import { listen, sendText } from "../server-io.ts";

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const TAGS = { end_user_id: "ada" };

let world: NangoWorld;
beforeEach(async () => void (world = await startNangoWorld()));
afterEach(() => world.close());

async function api(path: string, init: { method?: string; body?: object; headers?: Record<string, string> } = {}) {
  const { url, secretKey } = world.nango;
  const headers = { authorization: `Bearer ${secretKey}`, "content-type": "application/json", ...init.headers };
  const response = await fetch(`${url}${path}`, {
    method: init.method ?? "GET",
    headers,
    body: init.body ? JSON.stringify(init.body) : null,
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

async function connect(tags: Record<string, string> = TAGS, key = "test") {
  const session = await api("/connect/sessions", { method: "POST", body: { tags, allowed_integrations: [key] } });
  return fetch(session.body.data.connect_link);
}

async function connected() {
  await connect();
  const held = world.nango.connections.at(-1);
  if (!held) throw new TypeError("Connecting makes a connection.");
  return held;
}

const read = (id: string, query = "") => api(`/connections/${id}?provider_config_key=test${query}`);

describe("the fake Nango", () => {
  it("refuses what is no key of its own, and a query that it does not know", async () => {
    const codes = async (path: string, headers?: Record<string, string>) => {
      const { status, body } = await api(path, headers ? { headers } : {});
      return [status, body.error.code];
    };
    expect(await codes("/connections", { authorization: "Bearer nothing" })).toEqual([401, "invalid_secret_key_format"]);
    expect(await codes("/connections", { authorization: `Bearer ${crypto.randomUUID()}` })).toEqual([401, "unknown_account"]);
    expect(await codes("/connections?owner=ada")).toEqual([400, "invalid_query_params"]);
    expect(await codes("/integrations?page=1")).toEqual([400, "invalid_query_params"]);
  });

  it("lists connections by tags, the newest first, page by page, without credentials", async () => {
    for (const tags of [TAGS, { end_user_id: "bob" }, { ...TAGS, more: "1" }]) {
      await connect(tags);
      world.clock.advance(1_000);
    }
    const { body } = await api(`/connections?tags[end_user_id]=ada`);
    expect(body.connections.map(({ tags }: { tags: object }) => tags)).toEqual([{ ...TAGS, more: "1" }, TAGS]);
    expect(JSON.stringify(body)).not.toContain("credentials");
    const second = await api(`/connections?limit=2&page=1`);
    expect(second.body.connections).toMatchObject([{ tags: TAGS }]);
  });

  it("gives a token without its refresh token, and refreshes it once less than a quarter of an hour is left", async () => {
    const { connectionId } = await connected();
    const first = await read(connectionId);
    expect(first.body.credentials).toMatchObject({ type: "OAUTH2", access_token: expect.stringMatching(/^access_/) });
    expect(JSON.stringify(first.body)).not.toContain("refresh_");
    world.clock.advance(HOUR_MS - 16 * MINUTE_MS);
    expect((await read(connectionId)).body.credentials).toEqual(first.body.credentials);
    world.clock.advance(2 * MINUTE_MS);
    expect((await read(connectionId)).body.credentials.access_token).not.toBe(first.body.credentials.access_token);
  });

  it("refreshes at each forced read, and gives what cannot be refreshed as it is", async () => {
    const { connectionId } = await connected();
    const tokens = [
      await read(connectionId),
      await read(connectionId, "&force_refresh=true"),
      await read(connectionId, "&force_refresh=true"),
    ];
    expect(new Set(tokens.map(({ body }) => body.credentials.access_token)).size).toBe(3);
    world.provider.controls.next("omit-refresh-token");
    const fixed = await connected();
    world.clock.advance(2 * HOUR_MS);
    const [plain, forced] = [await read(fixed.connectionId), await read(fixed.connectionId, "&force_refresh=true")];
    expect(forced.body.credentials).toEqual(plain.body.credentials);
  });

  it("backs off for half a minute after a failed refresh, also from a token that still lives", async () => {
    const { connectionId } = await connected();
    world.clock.advance(HOUR_MS - 10 * MINUTE_MS);
    world.provider.controls.next({ status: 503 });
    expect(await read(connectionId)).toMatchObject({
      status: 400,
      body: { error: { code: "invalid_credentials", payload: { connection: { credentials: {} } } } },
    });
    expect(await read(connectionId)).toMatchObject({ status: 424, body: { error: { message: expect.stringContaining("Backing off") } } });
    expect((await api("/connections")).body.connections).toMatchObject([{ errors: [{ type: "auth" }] }]);
    expect((await read(connectionId, "&force_refresh=true")).status).toBe(200);
    expect((await api("/connections")).body.connections).toMatchObject([{ errors: [] }]);
  });

  it("tries no more after failures on four days", async () => {
    const { connectionId } = await connected();
    world.provider.controls.always({ status: 503 });
    for (let day = 0; day < 4; day += 1) {
      world.clock.advance(24 * HOUR_MS);
      expect((await read(connectionId)).status).toBe(400);
    }
    world.clock.advance(24 * HOUR_MS);
    world.provider.controls.always(null);
    expect(await read(connectionId)).toMatchObject({ status: 424, body: { error: { message: expect.stringContaining("limit") } } });
    expect((await read(connectionId, "&force_refresh=true")).status).toBe(200);
  });

  it("gives no credentials to a key that may not read them", async () => {
    const { connectionId } = await connected();
    world.nango.controls.readsCredentials = false;
    expect(await read(connectionId)).toMatchObject({ status: 200, body: { credentials: {} } });
    expect((await read(connectionId, "&force_refresh=true")).status).toBe(403);
  });

  it("replaces tags and credentials of what is connected again, under the same id", async () => {
    const { connectionId } = await connected();
    const body = { connection_id: connectionId, integration_id: "test", tags: { ...TAGS, again: "1" } };
    const session = await api("/connect/sessions/reconnect", { method: "POST", body });
    await fetch(session.body.data.connect_link);
    expect(world.nango.connections).toMatchObject([{ connectionId, tags: { ...TAGS, again: "1" } }]);
    const unknown = await api("/connect/sessions/reconnect", { method: "POST", body: { ...body, connection_id: "none" } });
    expect(unknown).toMatchObject({ status: 400, body: { error: { code: "invalid_body" } } });
  });

  it("deletes a connection, and answers 400 for one that it does not have", async () => {
    const { connectionId } = await connected();
    const path = `/connections/${connectionId}?provider_config_key=test`;
    expect(await api(path, { method: "DELETE" })).toMatchObject({ status: 200, body: { success: true } });
    expect(await api(path, { method: "DELETE" })).toMatchObject({ status: 400, body: { error: { code: "unknown_connection" } } });
    expect((await read(connectionId)).status).toBe(404);
  });

  it("signs webhooks of what was made and of what failed, and sends none of a deletion", async () => {
    const received: { body: string; signature: unknown }[] = [];
    const receiver = await listen(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
      received.push({ body: Buffer.concat(chunks).toString(), signature: request.headers["x-nango-hmac-sha256"] });
      sendText(response, 204, "");
    });
    world.nango.webhooks.url = receiver.url;
    const { connectionId } = await connected();
    world.provider.controls.denyNext();
    await connect();
    world.clock.advance(HOUR_MS);
    world.provider.controls.next({ status: 503 });
    await read(connectionId);
    await api(`/connections/${connectionId}?provider_config_key=test`, { method: "DELETE" });
    await receiver.close();
    expect(received.map(({ body }) => JSON.parse(body))).toMatchObject([
      { type: "auth", operation: "creation", success: true, connectionId, tags: TAGS },
      { type: "auth", operation: "creation", success: false },
      { type: "auth", operation: "refresh", success: false, connectionId, tags: TAGS },
    ]);
    for (const { body, signature } of received)
      expect(signature).toBe(createHmac("sha256", world.nango.webhooks.signingKey).update(body).digest("hex"));
  });
});
