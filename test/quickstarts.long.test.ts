/** The quickstarts of whole apps, followed word for word in an empty folder: their files are written, and their commands run. */
import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { answerConsent, launchChromium } from "./support/client/chromium.ts";
import { type HostedGateway, startHostedGateway } from "./support/client/hosted-gateway.ts";
import { blocksOf } from "./support/code-blocks.ts";
import { findFreePort } from "./support/nginx.ts";
import { startRegistry } from "./support/registry.ts";

vi.setConfig({ testTimeout: 900_000, hookTimeout: 420_000 });

const ROOT = fileURLToPath(new URL("../", import.meta.url));
/** How long a development server may take until it serves a page, on a busy machine. */
const COMPILE_MS = 120_000;
const directory = mkdtempSync(join(tmpdir(), "xkit-quickstarts-"));
const apps = ["react-router", "next"] as const;
type App = (typeof apps)[number];
let ports: Record<App, number>;
let gateway: HostedGateway;
let registry: Awaited<ReturnType<typeof startRegistry>>;
let browser: Browser;
let keys: { publishable: string; secret: string };
const started: ChildProcess[] = [];

beforeAll(async () => {
  ports = { "react-router": await findFreePort(), next: await findFreePort() };
  gateway = await startHostedGateway({
    webOrigins: Object.values(ports).map((port) => `http://localhost:${port}`),
    connectors: [{ slug: "slack", name: "Slack", provider: "demo" }],
  });
  const made = execFileSync(process.execPath, ["--import", "tsx", "gateway/cli.ts", "keys", "create", "--name", "backend"], {
    cwd: ROOT,
    env: { ...process.env, ...gateway.env },
    encoding: "utf8",
  });
  const [, publishable = "", secret = ""] = /publishable\s+(\S+)\s+secret\s+(\S+)/.exec(made) ?? [];
  keys = { publishable, secret };
  const words = ["pack", "--json", "--silent", "--workspace", "client", "--pack-destination", directory];
  const packed: { filename: string }[] = JSON.parse(execFileSync("npm", words, { cwd: ROOT, encoding: "utf8" }));
  registry = await startRegistry(packed.map(({ filename }) => join(directory, filename)));
  browser = await launchChromium();
});
afterAll(async () => {
  for (const { pid, exitCode, signalCode } of started)
    if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid);
  await browser.close();
  await registry.close();
  await gateway.stop();
  rmSync(directory, { recursive: true, force: true });
});

/** What a reader fills in, and this gateway's address. */
const fillIn = (settings: string): string =>
  settings.replace("pk_…", keys.publishable).replace("sk_…", keys.secret).replace("http://localhost:4000", gateway.url);

function environment(): NodeJS.ProcessEnv {
  const { NODE_ENV: _test, ...outer } = process.env;
  const npm = { npm_config_registry: registry.url, npm_config_prefer_offline: "true", npm_config_yes: "true" };
  return { ...outer, ...npm, NEXT_TELEMETRY_DISABLED: "1", NO_COLOR: "1" };
}

const run = (cwd: string, command: string, ...words: string[]) => promisify(execFile)(command, words, { cwd, env: environment() });

/** Follows the page in an empty folder, from its first block to its last, and answers where the app is served. */
async function follow(app: App): Promise<{ folder: string; url: string }> {
  const folder = join(directory, `my-${app}-app`);
  mkdirSync(folder);
  const blocks = blocksOf(`docs/quickstart/${app}.md`);
  const serve = blocks.findLast(({ language }) => language === "sh");
  const output = { text: "" };
  for (const block of blocks) {
    const [, name] = /^(?:\/\/|#) (\S+)\n/.exec(block.text) ?? [];
    if (block === serve) continue;
    if (block.language === "sh") await run(folder, "bash", "-ec", block.text);
    else if (name !== undefined) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), block.language === "ini" ? fillIn(block.text) : block.text);
    }
  }
  const child = spawn("bash", ["-ec", `exec ${serve?.text.trim()} --port ${ports[app]}`], {
    cwd: folder,
    env: environment(),
    detached: true,
  });
  started.push(child);
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text: string) => (output.text += text));
  const url = `http://localhost:${ports[app]}`;
  await expect.poll(() => output.text, { timeout: COMPILE_MS }).toContain(url);
  return { folder, url };
}

/** The page of the app, once the development server has compiled it. */
async function openPage(url: string): Promise<Page> {
  // The other app's user has the same id.
  const headers = { authorization: `Bearer ${await gateway.provision("ada")}` };
  await fetch(`${gateway.url}/api/platform_user/connections/slack`, { method: "DELETE", headers });
  const page = await (await browser.newContext({ reducedMotion: "reduce" })).newPage();
  page.setDefaultTimeout(COMPILE_MS);
  await page.goto(url);
  await expect.poll(() => page.locator("body").innerText(), { timeout: COMPILE_MS }).toContain("Connect Slack");
  return page;
}

test("React Router's leads from an empty folder to a live token", async () => {
  const { folder, url } = await follow("react-router");
  const page = await openPage(`${url}/integrations`);
  const popup = page.waitForEvent("popup");
  await page.getByRole("button", { name: "Connect Slack" }).click();
  await answerConsent(await popup);
  await page.getByText("The server has a live token for Slack.").waitFor();
  await run(folder, "npx", "react-router", "build");
});

test("Next's leads from an empty folder to a live token", async () => {
  const { folder, url } = await follow("next");
  const page = await openPage(`${url}/integrations`);
  await page.getByRole("button", { name: "Connect Slack" }).click();
  await answerConsent(page);
  await page.getByText("Connected as ada@example.test").waitFor();
  // Not built: a new app loads its fonts from another host then.
  await run(folder, "npx", "tsc", "--noEmit");
});
