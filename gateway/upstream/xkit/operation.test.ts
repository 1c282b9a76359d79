import { createServer as createTlsServer } from "node:https";
import { createServer, type Server } from "node:net";
import { once } from "node:events";
import { describe, expect, it, onTestFinished } from "vitest";
import { createCertificate } from "../../../test/support/certificate.ts";
import { createManualClock } from "../../upstream-suite/manual-clock.ts";
import { asAda, sessionOf, startScriptedXkit } from "../../../test/support/scripted-xkit.ts";
import { sendJson } from "../../../test/support/server-io.ts";
import type { Viewer } from "../../../schema/upstream.ts";
import { createLog } from "../../runtime/log.ts";
import { noTelemetry } from "../../runtime/telemetry.ts";
import { createXkitAdapter } from "./adapter.ts";

/** An adapter before an upstream at that address, and what it logs. */
function openBefore(url: string) {
  const logged: string[] = [];
  const log = createLog("info", { write: (line) => void logged.push(line) });
  const options = {
    url,
    origin: url,
    keys: null,
    publicUrl: "http://localhost:4000",
    timeoutMs: 5_000,
    clock: createManualClock(),
    log,
    telemetry: noTelemetry,
  };
  const adapter = createXkitAdapter(options);
  onTestFinished(() => adapter.close());
  return { adapter, lines: () => logged.map((line): object => JSON.parse(line)) };
}

async function listen(server: Server): Promise<number> {
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("The server has no port.");
  return address.port;
}

describe("an upstream that gives no answer", () => {
  const faults: [string, string, () => Promise<string>, string][] = [
    ["name", "is not found", async () => "http://upstream.invalid", "XKIT_UPSTREAM_URL"],
    [
      "certificate",
      "is not trusted",
      async () => `https://localhost:${await listen(createTlsServer(createCertificate("localhost")))}`,
      "trusted",
    ],
    [
      "protocol",
      "is none",
      async () => `http://127.0.0.1:${await listen(createServer((socket) => socket.end("nonsense\r\n\r\n")))}`,
      "protocol",
    ],
    [
      "refused",
      "is closed",
      async () => {
        const server = createServer();
        const port = await listen(server);
        server.close();
        return `http://127.0.0.1:${port}`;
      },
      "refuses",
    ],
  ];
  it.each(faults)("because its %s %s is told apart to the operator, and to no one else", async (kind, _how, urlOf, words) => {
    const { adapter, lines } = openBefore(await urlOf());
    await expect(adapter.catalog.getPlatform()).rejects.toMatchObject({
      code: "UPSTREAM_UNAVAILABLE",
      message: "The upstream cannot be reached.",
      facts: { retryAfter: 2 },
    });
    await expect(adapter.check()).rejects.toThrow(words);
    expect(lines()).toMatchObject([{ fault: kind, msg: expect.stringContaining(words) }]);
  });

  it("is told of once, and once when it is back", async () => {
    const { on, upstream, warnings } = await startScriptedXkit();
    const get = "GET /platform_user/platform";
    on(get, (_request, response) => void response.destroy());
    for (let count = 0; count < 3; count += 1) await expect(upstream.catalog.getPlatform()).rejects.toThrow("cannot be reached");
    on(get, { platform: { name: "Acme", slug: "acme" } });
    for (let count = 0; count < 2; count += 1) await upstream.catalog.getPlatform();
    expect(warnings()).toMatchObject([{ fault: "lost" }, { msg: "the upstream is available again" }]);
  });
});

describe("a look at the upstream", () => {
  it("takes no longer than 2 s", async () => {
    const { on, upstream } = await startScriptedXkit({ timeoutMs: 15_000 });
    on("GET /platform_user/platform", () => {});
    await expect(upstream.check()).rejects.toThrow("did not answer within 2000 ms");
  });

  it("shows once in 30 s whether the key pair is taken, and so does every request of a server", async () => {
    const { on, clock, upstream, requests, warnings } = await startScriptedXkit();
    const probe = "GET /platform/users/xkit-gateway-probe/connections/none";
    on("GET /platform_user/platform", { platform: { name: "Acme", slug: "acme" } });
    const refuse = (route: string) => on(route, (_request, response) => sendJson(response, 401, { error: "no" }));
    await upstream.check();
    expect([requests.filter((request) => request === probe).length, upstream.degradation()]).toEqual([1, null]);
    refuse(probe);
    clock.advance(29_999);
    await upstream.check();
    expect(upstream.degradation()).toBeNull();
    clock.advance(1);
    for (let count = 0; count < 2; count += 1) await upstream.check();
    expect(upstream.degradation()).toContain("XKIT_UPSTREAM_SECRET_KEY");
    expect(requests.filter((request) => request === probe)).toHaveLength(2);
    on("GET /platform/users/ada", { user: { external_id: "ada" } });
    await upstream.forPlatform().findUser("ada");
    expect(upstream.degradation()).toBeNull();
    refuse("GET /platform/users/ada");
    await expect(upstream.forPlatform().findUser("ada")).rejects.toThrow("XKIT_UPSTREAM_SECRET_KEY");
    expect(upstream.degradation()).not.toBeNull();
    expect(warnings()).toHaveLength(3);
  });
});

describe("the client's address", () => {
  const ada: Viewer = { userId: "ada", groupId: null, name: null };
  it.each([
    ["192.0.2.1", "for=192.0.2.1"],
    ["2001:db8::1", 'for="[2001:db8::1]"'],
    [null, undefined],
  ])("%s goes along with all that is asked for that client", async (address, forwarded) => {
    const fake = await startScriptedXkit();
    fake.on("GET /platform_user/session", sessionOf("ada", null));
    fake.on("GET /platform_user/connections", { connections: [] });
    const relay = fake.upstream.relay.from(address);
    await asAda({ ...fake, upstream: { ...fake.upstream, relay } }).list(null);
    await relay.login("user-token").catch(() => {});
    await fake.upstream.forPlatform(() => address).findUser("ada");
    const own = fake.upstream.forOwnUser({ viewer: ada, stillAllowed: async () => true, clientAddress: () => address });
    await own.list(null);
    await own.start("slack", { id: null, returnTo: null }).catch(() => {});
    expect(fake.requests).toEqual([
      "GET /platform_user/connections",
      "GET /platform_user/session",
      "POST /platform_user/sessions",
      "GET /platform/users/ada",
      "GET /platform/users/ada/connections?include_disabled=true",
      "POST /platform/users",
    ]);
    expect(new Set(fake.headers.map((headers) => headers.forwarded))).toEqual(new Set([forwarded]));
  });
});
