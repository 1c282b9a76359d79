/** The hooks under StrictMode in a real Chromium, before the real gateway. */
import { createServer } from "node:http";
import type { Browser, Page } from "playwright-core";
import { build } from "vite";
import { afterAll, beforeAll, expect, test } from "vitest";
import { answerConsent, launchChromium } from "../testing/chromium.ts";
import { type HostedGateway, startHostedGateway } from "../testing/hosted-gateway.ts";

/** Short enough to see one expire. */
const ACCESS_TOKEN_SECONDS = 5;

let gateway: HostedGateway;
let browser: Browser;
let script = "";
let pageUrl = "";
const pageServer = createServer((request, response) =>
  request.url === "/page.js"
    ? response.writeHead(200, { "content-type": "text/javascript" }).end(script)
    : response.writeHead(200, { "content-type": "text/html" }).end('<!doctype html><body><script type="module" src="/page.js"></script>'),
);

async function bundle(): Promise<string> {
  const entry = new URL("../testing/hooks-page/main.tsx", import.meta.url).pathname;
  const built = await build({
    configFile: false,
    logLevel: "error",
    build: { write: false, rolldownOptions: { input: entry, output: { codeSplitting: false } } },
  });
  const outputs = Array.isArray(built) ? built : "output" in built ? [built] : [];
  return outputs.flatMap(({ output }) => output).reduce((text, file) => (file.type === "chunk" ? text + file.code : text), "");
}

beforeAll(async () => {
  script = await bundle();
  await new Promise<void>((resolve) => pageServer.listen(0, "localhost", resolve));
  const address = pageServer.address();
  pageUrl = `http://localhost:${typeof address === "object" ? address?.port : 0}`;
  gateway = await startHostedGateway({ webOrigins: [pageUrl], accessTokenSeconds: ACCESS_TOKEN_SECONDS });
  browser = await launchChromium();
});
afterAll(async () => {
  await browser.close();
  await gateway.stop();
  pageServer.close();
});

async function open(userId: string) {
  const page = await (await browser.newContext()).newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  const parameters = new URLSearchParams({ gateway: gateway.url, token: await gateway.provision(userId), api: gateway.provider.apiUrl });
  await page.goto(`${pageUrl}/?${parameters}`);
  const said = async () => JSON.parse((await page.locator("output").textContent()) ?? "{}");
  const press = (name: string) => page.getByRole("button", { name, exact: true }).click();
  return { page, said, press, complaints };
}

async function connect(page: Page): Promise<void> {
  const opening = page.context().waitForEvent("page");
  await page.getByRole("button", { name: "Connect", exact: true }).click();
  await answerConsent(await opening);
}

test("the hooks follow a user from signing in to disconnecting", async () => {
  const { page, said, press, complaints } = await open("hooks");
  await expect.poll(said).toMatchObject({ viewer: null, connectors: ["demo"], token: null });
  await press("Login");
  await expect.poll(said).toMatchObject({ viewer: "hooks", connection: null, token: null, outcome: "NotConnected" });
  await connect(page);
  await expect.poll(said).toMatchObject({ connection: "ACTIVE", outcome: "AccessToken", token: expect.any(String), connecting: false });
  await press("Fetch");
  await expect.poll(said).toMatchObject({ me: expect.stringContaining("ada@example.test") });
  await press("Disconnect");
  await expect.poll(said).toMatchObject({ token: null, outcome: "NotConnected" });
  await press("Logout");
  await expect.poll(said).toMatchObject({ viewer: null, token: null });
  expect(complaints).toEqual([]);
});

test("useXkitFetch goes on after a token has expired, and nobody notices", async () => {
  const { page, press, said, complaints } = await open("expiry");
  const calls: { token: string; status: number }[] = [];
  page.on("response", async (response) => {
    if (response.url() !== gateway.provider.apiUrl || response.request().method() !== "GET") return;
    calls.push({ token: (await response.request().allHeaders())["authorization"] ?? "", status: response.status() });
  });
  await press("Login");
  await connect(page);
  await expect.poll(said).toMatchObject({ connection: "ACTIVE" });
  await press("Fetch");
  await expect.poll(() => calls.length).toBe(1);
  const first = calls[0]?.token ?? "";
  const isDead = async () => (await fetch(gateway.provider.apiUrl, { headers: { authorization: first } })).status === 401;
  await expect.poll(isDead, { timeout: 2 * ACCESS_TOKEN_SECONDS * 1000 }).toBe(true);
  await press("Fetch");
  await expect.poll(() => calls.length).toBe(2);
  expect(calls.map(({ status }) => status)).toEqual([200, 200]);
  expect(calls[1]?.token).not.toBe(first);
  expect(complaints).toEqual([]);
});

test("useAccessToken renews before expiry, and not while the tab is hidden", async () => {
  const { page, said, press } = await open("renewal");
  await press("Login");
  await expect.poll(said).toMatchObject({ viewer: "renewal", outcome: "NotConnected" });
  await connect(page);
  await expect.poll(said).toMatchObject({ outcome: "AccessToken" });
  const first = (await said()).token;
  await expect
    .poll(async () => (await said()).token !== first && (await said()).token !== null, { timeout: 2 * ACCESS_TOKEN_SECONDS * 1000 })
    .toBe(true);

  const asked: string[] = [];
  page.on("request", (request) => request.postData()?.includes("query AccessToken") && asked.push(request.url()));
  await page.evaluate(() => {
    Object.defineProperty(document, "visibilityState", { value: "hidden", configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  });
  const hidden = (await said()).token;
  const tokenIsDead = async () => (await fetch(gateway.provider.apiUrl, { headers: { authorization: `Bearer ${hidden}` } })).status === 401;
  await expect.poll(tokenIsDead, { timeout: 2 * ACCESS_TOKEN_SECONDS * 1000 }).toBe(true);
  expect(asked).toEqual([]);
  await page.evaluate(() => {
    Object.defineProperty(document, "visibilityState", { value: "visible", configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  });
  await expect.poll(async () => ![null, hidden].includes((await said()).token)).toBe(true);
}, 60_000);
