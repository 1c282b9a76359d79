/** Each example by its one command, against a real gateway, in a real Chromium. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { look } from "../test/support/client/catalog-pages.ts";
import { answerConsent, launchChromium } from "../test/support/client/chromium.ts";
import { type HostedGateway, startHostedGateway } from "../test/support/client/hosted-gateway.ts";
import { isLong } from "../test/support/long.ts";

vi.setConfig({ testTimeout: 120_000 });

const ROOT = fileURLToPath(new URL("../", import.meta.url));

let gateway: HostedGateway;
let browser: Browser;
let ports: Record<"scriptTag" | "reactVite" | "next" | "reactRouter" | "mcpServer" | "npmStart", number>;
const started: ChildProcess[] = [];

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, "localhost");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return address !== null && typeof address === "object" ? address.port : 0;
}

beforeAll(async () => {
  ports = {
    scriptTag: await findFreePort(),
    reactVite: await findFreePort(),
    next: await findFreePort(),
    reactRouter: await findFreePort(),
    mcpServer: await findFreePort(),
    npmStart: await findFreePort(),
  };
  gateway = await startHostedGateway({
    webOrigins: Object.values(ports).map((port) => `http://localhost:${port}`),
    connectors: [{ slug: "slack", name: "Slack", provider: "demo" }],
  });
  browser = await launchChromium();
});
afterAll(async () => {
  for (const { pid } of started) if (pid !== undefined) process.kill(-pid);
  await browser.close();
  await gateway.stop();
});

/** Runs an npm script in a process group of its own. */
function runScript(script: string, cwd: string, env: NodeJS.ProcessEnv, words: string[] = []) {
  // Vite colours the port of its address where it takes the output for a CI's.
  const child = spawn("npm", ["run", "--silent", script, "--", ...words], { cwd, env: { NO_COLOR: "1", ...env }, detached: true });
  const output = { text: "" };
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text: string) => (output.text += text));
  return { child, output };
}

const run = (name: string, env: Record<string, string> = {}, words: string[] = []) =>
  runScript(`example:${name}`, ROOT, { ...process.env, ...gateway.env, XKIT_URL: gateway.url, ...env }, words);

/** A page in a browser of its own, once the example listens. */
async function whenServed({ child, output }: ReturnType<typeof runScript>, port: number, timeout = 60_000) {
  started.push(child);
  await expect.poll(() => output.text, { timeout }).toContain(`http://localhost:${port}`);
  return (await browser.newContext({ reducedMotion: "reduce" })).newPage();
}

const serve = (name: string, port: number) => whenServed(run(name, { EXAMPLE_PORT: String(port) }), port);

/** From the page that sends its user to connect Slack, until they have. */
async function connectSlack(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Connect Slack" }).click();
  await answerConsent(page);
  await page.getByText("Connected as ada@example.test").waitFor();
}

test("the documentation's page signs in, sends its user to connect, and has a token on return", async () => {
  const page = await serve("script-tag", ports.scriptTag);
  await page.goto(`http://localhost:${ports.scriptTag}/`);
  await connectSlack(page);
  await page.goto(`http://localhost:${ports.scriptTag}/`);
  await expect.poll(() => page.locator("body").textContent()).toContain("A live token of");
});

test.runIf(isLong)("the product shows its user's data of a third party, and the catalog within its own page", async () => {
  const page = await serve("react-vite", ports.reactVite);
  const home = `http://localhost:${ports.reactVite}/`;
  await page.goto(home);
  await page.getByRole("heading", { name: "Hello Ada" }).waitFor();
  await page.getByRole("link", { name: "Integrations" }).click();
  await page.getByRole("heading", { name: "Connect your tools" }).waitFor();
  expect(await page.getByRole("searchbox").count()).toBe(0);
  expect(await look(page, "example-catalog")).toEqual([]);
  await page.getByRole("link", { name: /^Demo/ }).click();
  expect(page.url()).toBe(`${home}integrations/connectors/demo`);
  await page.getByRole("button", { name: "Connect Demo" }).click();
  await answerConsent(page);
  await page.getByText("Connected as ada@example.test").waitFor();
  expect(page.url()).toBe(`${home}integrations/connectors/demo`);
  await page.goBack();
  await page.goto(home);
  await page.getByText("ada@example.test").waitFor();
  expect(await look(page, "example-product")).toEqual([]);
  await page.getByRole("button", { name: "Show my meetings" }).click();
  await answerConsent(page);
  await page.getByText("Your meetings at Demo are shown here.").waitFor();
  await page.getByText("ada@example.test").waitFor();
});

/** It installs the framework, and builds the app. */
const BUILD_MS = 300_000;

/** The examples' users have the same ids, and may be connected by another example. */
async function disconnectDemo(userId: string): Promise<void> {
  const headers = { authorization: `Bearer ${await gateway.provision(userId)}` };
  await fetch(`${gateway.url}/api/platform_user/connections/demo`, { method: "DELETE", headers });
}

test.runIf(isLong)(
  "the app of Next protects its pages, reads the user's data on its server, and shows the catalog",
  { timeout: 2 * BUILD_MS },
  async () => {
    await disconnectDemo("ada");
    const served = run("next", { EXAMPLE_PORT: String(ports.next), NEXT_TELEMETRY_DISABLED: "1" }, ["start"]);
    const page = await whenServed(served, ports.next, BUILD_MS);
    const home = `http://localhost:${ports.next}/`;
    await page.goto(`${home}integrations`);
    expect(page.url()).toBe(`${home}sign-in`);
    expect((await page.request.get(`${home}user-token`)).status()).toBe(401);
    await page.getByRole("button", { name: "Sign in as Ada" }).click();
    await page.getByRole("heading", { name: "Hello Ada" }).waitFor();
    await page.getByRole("button", { name: "Connect Demo" }).click();
    await answerConsent(page);
    await page.getByText("ada@example.test").waitFor();
    expect(await look(page, "example-next")).toEqual([]);
    await page.getByRole("link", { name: "Integrations" }).click();
    await page.getByRole("heading", { name: "Connect your tools" }).waitFor();
    await page.getByRole("link", { name: /^Demo/ }).click();
    await page.waitForURL(`${home}integrations/connectors/demo`);
    await page.getByText("Connected as ada@example.test").waitFor();
    expect(await look(page, "example-next-catalog")).toEqual([]);
    await page.goBack();
    await page.getByRole("heading", { name: "Connect your tools" }).waitFor();
    await page.getByRole("button", { name: "Sign out Ada" }).click();
    await page.getByRole("button", { name: "Sign in as Grace" }).click();
    await page.getByRole("heading", { name: "Hello Grace" }).waitFor();
    await page.getByRole("button", { name: "Connect Demo" }).waitFor();
  },
);

test.runIf(isLong)(
  "the app of React Router protects its pages, reads the user's data in its loader once it is connected, and keeps the catalog's page",
  { timeout: 2 * BUILD_MS },
  async () => {
    await disconnectDemo("ada");
    const page = await whenServed(run("react-router", { EXAMPLE_PORT: String(ports.reactRouter) }, ["start"]), ports.reactRouter, BUILD_MS);
    const problems: string[] = [];
    page.on("pageerror", (error) => problems.push(error.message));
    const home = `http://localhost:${ports.reactRouter}/`;
    await page.goto(`${home}integrations`);
    expect(page.url()).toBe(`${home}sign-in`);
    expect((await page.request.get(`${home}user-token`)).status()).toBe(401);
    await page.getByRole("button", { name: "Sign in as Ada" }).click();
    await page.getByRole("heading", { name: "Hello Ada" }).waitFor();
    expect(await look(page, "example-react-router-not-connected")).toEqual([]);
    const popup = page.waitForEvent("popup");
    await page.getByRole("button", { name: "Connect Demo" }).click();
    await answerConsent(await popup);
    await page.getByText("ada@example.test").waitFor();
    expect(await page.getByRole("button", { name: "Connect Demo" }).count()).toBe(0);
    expect(await look(page, "example-react-router")).toEqual([]);
    // What the server renders has it too, and no token.
    const rendered = await (await page.request.get(home)).text();
    expect(rendered).toContain("ada@example.test");
    expect(rendered).not.toContain("Connect Demo");

    await page.getByRole("link", { name: "Integrations" }).click();
    await page.getByRole("heading", { name: "Connect your tools" }).waitFor();
    const asked: string[] = [];
    page.on("request", (request) => request.url().startsWith(home) && asked.push(request.url()));
    await page.getByRole("searchbox").fill("demo");
    await page.waitForURL(`${home}integrations?q=demo`);
    expect(asked).toEqual([]);
    await page.getByRole("link", { name: /^Demo/ }).click();
    await page.waitForURL(`${home}integrations/connectors/demo`);
    await page.getByText("Connected as ada@example.test").waitFor();
    expect(await look(page, "example-react-router-catalog")).toEqual([]);
    await page.goBack();
    await page.waitForURL(`${home}integrations?q=demo`);
    await page.getByRole("heading", { name: "Connect your tools" }).waitFor();
    await page.goBack();
    await page.getByRole("heading", { name: "Hello Ada" }).waitFor();

    await page.getByRole("button", { name: "Sign out Ada" }).click();
    await page.getByRole("button", { name: "Sign in as Grace" }).click();
    await page.getByRole("heading", { name: "Hello Grace" }).waitFor();
    await page.getByRole("button", { name: "Connect Demo" }).waitFor();
    expect(problems).toEqual([]);
  },
);

test.runIf(isLong)("a session of the app of React Router ends after twelve hours, and no forged cookie is one", async () => {
  const folder = join(ROOT, "examples/react-router");
  const install = spawn("npm", ["install", "--no-audit", "--no-fund", "--prefer-offline"], { cwd: folder });
  expect(await once(install, "close")).toEqual([0, null]);
  vi.stubEnv("SESSION_SECRET", "a long random string");
  vi.useFakeTimers({ toFake: ["Date"] });
  onTestFinished(() => void vi.useRealTimers().unstubAllEnvs());
  const { readUser, SESSION_SECONDS, startSession } = await import(join(folder, "app/session.server.ts"));
  const userOf = (cookie: string) => readUser(new Request("http://localhost/", { headers: { cookie } }));
  const [cookie = ""] = (await startSession({ id: "ada", name: "Ada" })).split(";");
  const [name = "", value = ""] = cookie.split("=");
  const [, signature] = decodeURIComponent(value).split(".");
  const forged = Buffer.from(JSON.stringify({ userId: "grace", endsAt: Date.now() + 1000 })).toString("base64");
  expect(await userOf(cookie)).toEqual({ id: "ada", name: "Ada" });
  for (const wrong of ["", forged, `${forged}.`, `${forged}.${signature}`])
    expect(await userOf(`${name}=${encodeURIComponent(wrong)}`), wrong).toBeNull();
  vi.advanceTimersByTime(SESSION_SECONDS * 1000);
  expect(await userOf(cookie)).toBeNull();
});

test.runIf(isLong)("the job explains how to start, and then calls the third party with each token of the group", async () => {
  const first = run("node-server");
  await once(first.child, "close");
  const [, signInPage = ""] = /(\S+\/sign-in\?returnTo=\S+)/.exec(first.output.text) ?? [];
  const page = await (await browser.newContext()).newPage();
  await page.goto(signInPage);
  await page.getByRole("button", { name: "Sign in as Grace" }).click();
  await page.getByRole("button", { name: "Connect Demo" }).click();
  await answerConsent(page);
  await page.getByText("Connected as").waitFor();
  const second = run("node-server");
  await once(second.child, "close");
  expect(second.output.text).toContain('demo: 200 {"id":"ada"');
  expect(second.output.text).not.toContain("sign-in");
});

test.runIf(isLong)("the MCP server has its user connect on the gateway's page, and then calls the third party", async () => {
  const { child, output } = run("mcp-server", { EXAMPLE_PORT: String(ports.mcpServer) });
  started.push(child);
  await expect.poll(() => output.text, { timeout: 60_000 }).toContain("/sign-in");
  const [, token = ""] = /Bearer (\S+)/.exec(output.text) ?? [];
  const page = await (await browser.newContext({ reducedMotion: "reduce" })).newPage();
  await page.goto(`${gateway.url}/sign-in`);
  await page.getByRole("button", { name: "Sign in as Ada" }).click();
  await page.waitForURL((address) => !address.pathname.startsWith("/sign-in"));
  const client = new Client(
    { name: "test", version: "1.0.0" },
    { capabilities: { elicitation: { url: {} } }, versionNegotiation: { mode: "auto" } },
  );
  client.setRequestHandler("elicitation/create", async ({ params }) => {
    await page.goto(params.mode === "url" ? params.url : "about:blank");
    await page.getByRole("button", { name: "Connect Demo" }).click();
    await answerConsent(page);
    await page.getByText("Connected as ada@example.test").waitFor();
    return { action: "accept" };
  });
  const headers = { authorization: `Bearer ${token}` };
  await client.connect(new StreamableHTTPClientTransport(new URL(`http://localhost:${ports.mcpServer}/`), { requestInit: { headers } }));
  const { content } = await client.callTool({ name: "whoami" });
  await client.close();
  expect(content).toEqual([{ type: "text", text: expect.stringMatching(/^{"id":"ada"/) }]);
});

/** What `npm start` builds and runs, beside the examples. */
const SOURCES = [
  "schema",
  "gateway",
  "client",
  "examples",
  ".ci",
  "package.json",
  "package-lock.json",
  "tsconfig.json",
  "tsconfig.build.json",
];

/** Runs `npm start` in a copy of these sources, so that it builds and stores beside nobody else, with no configuration but a free port. */
async function npmStart() {
  const directory = mkdtempSync(join(tmpdir(), "xkit-start-"));
  const filter = (path: string) => !/\/(node_modules|\.next)$/.test(path);
  for (const path of SOURCES) cpSync(join(ROOT, path), join(directory, path), { recursive: true, filter });
  symlinkSync(join(ROOT, "node_modules"), join(directory, "node_modules"));
  const { PATH, HOME } = process.env;
  const runHere = (script: string, env: Record<string, string>) => runScript(script, directory, { PATH, HOME, ...env });
  const { child, output } = runHere("start", { PORT: "0" });
  onTestFinished(async () => {
    if (child.exitCode === null) {
      const ended = once(child, "close");
      if (child.pid !== undefined) process.kill(-child.pid);
      await ended;
    }
    rmSync(directory, { recursive: true, force: true });
  });
  await expect.poll(() => output.text, { timeout: 90_000 }).toContain("3. Ask");
  const [, url = ""] = /Xkit Gateway {2}(\S+)/.exec(output.text) ?? [];
  const runExample = (name: string, env: Record<string, string> = {}) =>
    runHere(`example:${name}`, { PORT: new URL(url).port, XKIT_URL: url, ...env });
  return { url, runExample };
}

test.runIf(isLong)("the documentation's page and the job work with what npm start builds and runs, without configuration", async () => {
  const { url, runExample } = await npmStart();
  const served = `http://localhost:${ports.npmStart}/`;
  const home = "http://localhost:3000/";
  const page = await whenServed(runExample("script-tag", { EXAMPLE_PORT: String(ports.npmStart) }), ports.npmStart);
  // What the demo takes for a web origin, without taking this machine's port.
  await page.route(home, (route) => route.continue({ url: served }));
  await page.goto(home);
  await connectSlack(page);
  await page.goto(home);
  await expect.poll(() => page.locator("body").textContent()).toContain("A live token of");
  expect(page.url()).toBe(home);

  const job = runExample("node-server");
  await once(job.child, "close");
  expect(job.output.text).toContain(`${url}/sign-in?returnTo=/connectors/demo`);
});
