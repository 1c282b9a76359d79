/** Each example by its one command, against a real gateway, in a real Chromium. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { look } from "../client/testing/catalog-pages.ts";
import { answerConsent, launchChromium } from "../client/testing/chromium.ts";
import { type HostedGateway, startHostedGateway } from "../client/testing/hosted-gateway.ts";

vi.setConfig({ testTimeout: 120_000 });

const ROOT = fileURLToPath(new URL("../", import.meta.url));

let gateway: HostedGateway;
let browser: Browser;
let ports: { scriptTag: number; reactVite: number };
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
  ports = { scriptTag: await findFreePort(), reactVite: await findFreePort() };
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

/** Runs `npm run example:…` in a process group of its own. */
function run(name: string, env: Record<string, string> = {}) {
  // Vite colours the port of its address where it takes the output for a CI's.
  const own = { NO_COLOR: "1", ...gateway.env, XKIT_URL: gateway.url, XKIT_DEMO_API_URL: gateway.provider.apiUrl, ...env };
  const child = spawn("npm", ["run", "--silent", `example:${name}`], { cwd: ROOT, env: { ...process.env, ...own }, detached: true });
  const output = { text: "" };
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text: string) => (output.text += text));
  return { child, output };
}

async function serve(name: string, port: number, env: Record<string, string> = {}) {
  const { child, output } = run(name, { EXAMPLE_PORT: String(port), ...env });
  started.push(child);
  await expect.poll(() => output.text, { timeout: 60_000 }).toContain(`http://localhost:${port}/`);
  return (await browser.newContext({ reducedMotion: "reduce" })).newPage();
}

test("the page of Xkit's documentation signs in, sends its user to connect, and has a token when they are back", async () => {
  const page = await serve("script-tag", ports.scriptTag);
  await page.goto(`http://localhost:${ports.scriptTag}/`);
  await page.getByRole("button", { name: "Connect Slack" }).click();
  await answerConsent(page);
  await page.getByText("Connected as ada@example.test").waitFor();
  await page.goto(`http://localhost:${ports.scriptTag}/`);
  await expect.poll(() => page.locator("body").textContent()).toContain("A live token of");
});

test("the product shows its user's data from elsewhere, and the catalog inside its own page", async () => {
  const page = await serve("react-vite", ports.reactVite);
  const home = `http://localhost:${ports.reactVite}/`;
  await page.goto(home);
  await page.getByRole("heading", { name: "Hello Ada" }).waitFor();
  await page.getByRole("link", { name: "Integrations" }).click();
  await page.getByRole("heading", { name: "Connect your tools" }).waitFor();
  expect(await page.getByRole("searchbox").count()).toBe(0);
  expect(await look(page, "example-catalog")).toEqual([]);
  // The product's own styles say that no h2 has a margin.
  expect(await page.getByRole("heading", { name: "Demo" }).evaluate((title) => getComputedStyle(title).marginTop)).toBe("16px");
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
});

test("the job says how to begin, and then calls the third party with each token of the group", async () => {
  const first = run("node-server");
  await once(first.child, "close");
  const [, signInLink = ""] = /(\S+\/sign-in\?token=\S+)/.exec(first.output.text) ?? [];
  const page = await (await browser.newContext()).newPage();
  await page.goto(signInLink);
  await page.goto(`${gateway.url}/connect/demo`);
  await answerConsent(page);
  await page.getByRole("heading", { name: "Demo is connected" }).waitFor();
  const second = run("node-server");
  await once(second.child, "close");
  expect(second.output.text).toContain('demo: 200 {"id":"ada"');
  expect(second.output.text).not.toContain("sign-in");
});
