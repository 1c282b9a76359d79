import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, inject, it, vi } from "vitest";
import { type AuthorizationServer, startAuthorizationServer } from "../test/support/authorization-server.ts";
import { demoOf } from "../test/support/build.ts";
import { PATIENCE } from "../test/support/patience.ts";
import { type GatewayProcess, type ProcessOptions, startProcess } from "../test/support/process.ts";

const folders: string[] = [];
const running: GatewayProcess[] = [];
afterAll(async () => {
  for (const { child } of running) child.kill("SIGKILL");
  await Promise.all(running.map(({ ended }) => ended));
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** Starts a gateway in a folder of its own, with this configuration file if any. */
function start(env: Record<string, string> = {}, file?: object, options?: ProcessOptions): GatewayProcess {
  const folder = mkdtempSync(join(tmpdir(), "xkit-main-"));
  folders.push(folder);
  if (file) writeFileSync(join(folder, "xkit.config.json"), JSON.stringify(file));
  const started = startProcess(["start"], { PORT: "0", ...env }, folder, options);
  running.push(started);
  return started;
}

const FROM_A_CLONE = { cli: demoOf(inject("gatewayBuild")) };
const WITHOUT_CONNECTORS = { platform: { name: "Acme" } };

describe("a gateway that SIGTERM stops during a refresh", () => {
  let provider: AuthorizationServer;
  let gateway: GatewayProcess;
  let whileRefreshing: { connecting: string; exitCode: number | null };
  let refreshed: unknown;
  let secrets: string[];

  /** Signs in on the page that was printed, and connects. Answers the cookies of the browser. */
  async function connect(page: string): Promise<string[]> {
    const { origin } = new URL(page);
    const cookieOf = (response: Response) => response.headers.getSetCookie().map((cookie) => cookie.split(";")[0] ?? "");
    const body = new URLSearchParams({ user: "ada" });
    const cookies = cookieOf(await fetch(page, { method: "POST", headers: { origin }, body, redirect: "manual" }));
    const connecting = await fetch(`${origin}/connect/test`, { headers: { cookie: cookies.join("; ") }, redirect: "manual" });
    cookies.push(...cookieOf(connecting));
    const callback = await provider.authorize(connecting.headers.get("location") ?? "");
    expect((await fetch(callback, { headers: { cookie: cookies.join("; ") }, redirect: "manual" })).status).toBe(200);
    return cookies;
  }

  beforeAll(async () => {
    provider = await startAuthorizationServer();
    const { clientId, clientSecret } = provider.client;
    const connector = { slug: "test", name: "Test", provider: provider.providerFacts, scopes: ["read"] };
    const connectors = [{ ...connector, client_id: clientId, client_secret: clientSecret }];
    gateway = start({ LOG_LEVEL: "info" }, { ...WITHOUT_CONNECTORS, connectors });
    const page = await gateway.printed(/(http:\/\/localhost:\d+\/sign-in)/);
    const { origin } = new URL(page);
    const cookies = await connect(page);
    const send = (query: string, headers: Record<string, string>) =>
      fetch(`${origin}/graphql`, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify({ query }),
      });
    const refreshing = await send("mutation { refreshSession { token } }", { origin, cookie: cookies.join("; ") });
    const { token } = (await refreshing.json()).data.refreshSession;
    const ask = (query: string) => send(query, { authorization: `Bearer ${token}` });
    const first = await ask(`{ accessToken(where: { slug: "test" }) { ... on AccessToken { fingerprint } } }`);
    const { fingerprint } = (await first.json()).data.accessToken;
    const hold = provider.controls.hold();
    const answer = ask(`{ connectionToken(where: { slug: "test" }, rejected: "${fingerprint}") }`);
    await hold.arrived(1);
    gateway.child.kill("SIGTERM");
    const tryConnecting = () => fetch(`${origin}/healthz`).then(() => "", String);
    whileRefreshing = { connecting: await vi.waitUntil(tryConnecting, PATIENCE), exitCode: gateway.child.exitCode };
    hold.release();
    refreshed = (await (await answer).json()).data.connectionToken;
    secrets = [...provider.issuedSecrets, token, ...cookies.map((cookie) => cookie.split("=")[1] ?? "?")];
  });
  afterAll(() => provider.close());

  it("refuses connections and does not exit before the refresh is over", () => {
    expect(whileRefreshing).toEqual({ connecting: expect.stringContaining("fetch failed"), exitCode: null });
  });

  it("answers the running request with the new token, and exits with 0", async () => {
    expect(refreshed).toBe(provider.liveAccessTokens().at(-1));
    expect(await gateway.ended).toBe(0);
    expect(provider.refreshCount()).toBe(1);
  });

  it("has logged each request without its query, and no secret", async () => {
    await gateway.ended;
    const lines = gateway
      .stdout()
      .split("\n")
      .filter((line) => line.startsWith("{"));
    const logged = lines.map((line) => JSON.parse(line));
    expect(logged).toContainEqual(expect.objectContaining({ level: "info", method: "GET", path: "/callback/test", status: 200 }));
    expect(lines.filter((line) => line.includes("?") || line.includes("state="))).toEqual([]);
    expect(secrets.filter((secret) => lines.some((line) => line.includes(secret)))).toEqual([]);
  });
});

describe("a gateway process", () => {
  it("answers the requests that arrived while it was suspended, though SIGTERM comes first", async () => {
    const { child, printed, ended } = start({}, WITHOUT_CONNECTORS);
    const port = Number(await printed(/http:\/\/localhost:(\d+)\/sign-in/));
    child.kill("SIGSTOP");
    const sockets = Array.from({ length: 8 }, () => connect(port, "127.0.0.1").end("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"));
    const answers = sockets.map((socket) => text(socket));
    await Promise.all(sockets.map((socket) => once(socket, "finish")));
    child.kill("SIGTERM");
    child.kill("SIGCONT");
    const statuses = (await Promise.all(answers)).map((answer) => answer.split("\r\n")[0]);
    expect(statuses).toEqual(answers.map(() => "HTTP/1.1 200 OK"));
    expect(await ended).toBe(0);
  });

  it("says in one sentence that its port is taken", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const address = taken.address();
    const port = address !== null && typeof address === "object" ? address.port : 0;
    const gateway = start({ PORT: String(port) }, WITHOUT_CONNECTORS);
    expect(await gateway.ended).toBe(1);
    expect(gateway.stderr()).toBe(`Port ${port} is already in use: set PORT to a free port.\n`);
    taken.close();
  });

  it("runs the demo from a clone without a configuration file, and exits with 0 on SIGINT", async () => {
    const gateway = start({}, undefined, FROM_A_CLONE);
    const url = await gateway.printed(/Xkit Gateway {2}(\S+)/);
    expect(gateway.stdout()).toContain("(demo:");
    const query = encodeURIComponent("{ connectors { slug } }");
    expect(await (await fetch(`${url}/graphql?query=${query}`)).json()).toEqual({
      data: { connectors: [{ slug: "demo" }, { slug: "slack" }] },
    });
    gateway.child.kill("SIGINT");
    expect(await gateway.ended).toBe(0);
  });

  it("runs no demo beside a configuration file", async () => {
    const gateway = start({}, WITHOUT_CONNECTORS, FROM_A_CLONE);
    const url = await gateway.printed(/Xkit Gateway {2}(\S+)/);
    expect(gateway.stdout()).not.toContain("demo");
    const query = encodeURIComponent("{ platform { name } connectors { slug } }");
    expect(await (await fetch(`${url}/graphql?query=${query}`)).json()).toEqual({ data: { platform: { name: "Acme" }, connectors: [] } });
  });
});
