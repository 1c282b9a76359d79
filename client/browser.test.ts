/** xkit.js as the documentation shows it, on a page of another origin, in a real Chromium. */
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isCutOff, look } from "../test/support/client/catalog-pages.ts";
import { answerConsent, launchChromium } from "../test/support/client/chromium.ts";
import { type AuthorizationServer, startAuthorizationServer } from "../test/support/authorization-server.ts";
import { type HostedGateway, startHostedGateway } from "../test/support/client/hosted-gateway.ts";

const example = readFileSync(new URL("../examples/script-tag/index.html", import.meta.url), "utf8");

let codes: AuthorizationServer;
let gateway: HostedGateway;
let browser: Browser;
/** What the platform's own page is at the moment. */
let pageHtml = "";
let pageUrl = "";
const pageServer = createServer((_request, response) => response.writeHead(200, { "content-type": "text/html" }).end(pageHtml));

/** A third party's API, which takes a key in a header of its own. */
const apiRequests: string[] = [];
const apiServer = createServer(async (request, response) => {
  const chunks: Buffer[] = await request.toArray();
  const { method, url = "", headers } = request;
  if (method === "GET") apiRequests.push(`${url} ${String(headers["x-api-key"])}`);
  response.writeHead(method === "GET" && url === "/v1/moved" ? 302 : 200, {
    location: "/v1/me",
    "access-control-allow-origin": "*",
    "access-control-allow-headers": "x-api-key",
  });
  response.end(`${String(Buffer.concat(chunks))}you`);
});

async function listenOn(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "localhost", resolve));
  const address = server.address();
  return `http://localhost:${typeof address === "object" ? address?.port : 0}`;
}

beforeAll(async () => {
  pageUrl = await listenOn(pageServer);
  const api = { base_url: `${await listenOn(apiServer)}/v1`, auth: "X-Api-Key: {api_key}" };
  const collect = [{ name: "api_key", label: "Key", secret: true }];
  const keyed = { slug: "keyed", name: "Keyed", provider: { kind: "api_key", collect, api } };
  codes = await startAuthorizationServer();
  const device = { ...codes.providerFacts, kind: "device", device_authorization_endpoint: `${codes.url}/device` };
  const tv = { slug: "tv", name: "TV", provider: device, client_id: codes.client.clientId, client_secret: codes.client.clientSecret };
  gateway = await startHostedGateway({
    webOrigins: [pageUrl],
    connectors: [{ slug: "slack", name: "Slack", provider: "demo", categories: ["communication"] }, keyed, tv],
  });
  browser = await launchChromium();
});
afterAll(async () => {
  await browser.close();
  await gateway.stop();
  await codes.close();
  pageServer.close();
  apiServer.close();
});

/** Opens a page at a web origin of the platform. */
async function openPage(html: string, path = ""): Promise<{ page: Page; context: BrowserContext }> {
  pageHtml = html;
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${pageUrl}/${path}`);
  return { page, context };
}

/** Takes access back at the provider, before the token's expiry (RFC 7009). */
async function takeBack(token: string): Promise<void> {
  const { provider, clientId, clientSecret } = gateway.provider;
  const { status } = await fetch(provider.revocation?.url ?? "", {
    method: "POST",
    headers: { authorization: `Basic ${btoa(`${clientId}:${clientSecret}`)}` },
    body: new URLSearchParams({ token, token_type_hint: "access_token" }),
  });
  expect(status).toBe(200);
}

describe("the script tag", () => {
  test("runs the page of Xkit's documentation as it is: to connect, and with a token when they are back", async () => {
    const userToken = await gateway.provision("script");
    const { page } = await openPage(example.replace("http://localhost:4000", gateway.url).replace("your_user_token", userToken));
    await page.getByRole("button", { name: "Connect Slack" }).click();
    await answerConsent(page);
    await page.getByText("Connected as ada@example.test").waitFor();
    await page.goto(pageUrl);
    expect(await page.evaluate(() => window.xkit.getConnectionToken("slack"))).toEqual(expect.any(String));
    expect(page.url()).toBe(`${pageUrl}/`);
  });

  test("speaks the language of `data-locale`, also where it is written with `_`; without one that is none, the browser's", async () => {
    const { page } = await openPage(`<!doctype html><script src="${gateway.url}/xkit.js" data-locale="de_DE"></script>`);
    const said = async () => [
      await page.evaluate(() => window.xkit.connect("none").catch((error: Error) => error.message)),
      await page.evaluate(() => new URL(window.xkit.connectorUrl("slack")).search),
    ];
    await page.evaluate((token) => window.xkit.login(token), await gateway.provision("speaking"));
    expect(await said()).toEqual([expect.stringContaining("none"), "?locale=de-DE"]);
    await page.evaluate(() => void (window.xkit.session.locale = "d!e"));
    expect(await said()).toEqual([expect.stringContaining("none"), ""]);
  });

  test("names its page's origin, and the setting that lacks it, where the browser refuses the gateway's answer", async () => {
    // Another origin than `localhost`, which is listed.
    const { page } = await openPage(`<!doctype html><script src="${gateway.url}/xkit.js"></script>`);
    const unlisted = pageUrl.replace("localhost", "sub.localhost");
    await page.goto(unlisted);
    const message = await page.evaluate(() => window.xkit.getPlatform().catch((error: Error) => error.message));
    expect(message).toContain(`If it runs, is ${unlisted} among the web_origins of its configuration?`);
  });

  test("calls an API by a path, with the key in the API's own header, and follows no redirect with it", async () => {
    const { page } = await openPage(`<!doctype html><script src="${gateway.url}/xkit.js"></script>`);
    const told = await page.evaluate(
      async (userToken) => {
        const { xkit } = window;
        await xkit.login(userToken);
        const { authorization } = await xkit.startConnecting("keyed");
        await xkit.setAuthorizationFields("keyed", authorization?.state ?? "", { api_key: "planted" });
        const answer = await (await xkit.fetch("keyed", "/me")).text();
        const failures = ["/moved", "//../..", location.href].map((path) =>
          xkit.fetch("keyed", path).catch((error: Error) => error.message),
        );
        const echo = await (await xkit.fetch("keyed", "/me", { method: "POST", body: "sent to " })).text();
        return [answer, echo, ...(await Promise.all(failures))];
      },
      await gateway.provision("keyed"),
    );
    const notThere = expect.stringMatching(/^The token may go to http:\/\/localhost:\d+(\/v1)?, and elsewhere only by `origin`\.$/);
    expect(told).toEqual(["you", "sent to you", "The API redirects, and X-Api-Key is not sent there.", notThere, notThere]);
    expect(apiRequests).toEqual(["/v1/me planted", "/v1/moved planted"]);
  });

  test("is kept by browsers until its content changes", async () => {
    const first = await fetch(`${gateway.url}/xkit.js`);
    const again = await fetch(`${gateway.url}/xkit.js`, { headers: { "if-none-match": first.headers.get("etag") ?? "" } });
    expect([first.status, again.status]).toEqual([200, 304]);
  });
});

describe("a popup", () => {
  const html = (url: string, slug = "demo") => `<!doctype html><script src="${url}/xkit.js"></script>
    <button onclick="xkit.connect('${slug}', { popup: true }).then((c) => (document.title = c.authorization.displayLabel), (e) => (document.title = e.code))">Connect</button>`;

  async function connectInPopup(page: Page, answer: "Allow" | "Deny"): Promise<Page> {
    const opening = page.context().waitForEvent("page");
    await page.getByRole("button").click();
    const popup = await opening;
    await answerConsent(popup, answer);
    return popup;
  }

  async function openSignedIn(userId: string, slug?: string) {
    const opened = await openPage(html(gateway.url, slug));
    const token = await gateway.provision(userId);
    await opened.page.evaluate((userToken) => window.xkit.login(userToken), token);
    return opened;
  }

  test("connects without leaving the page, and closes", async () => {
    const { page } = await openSignedIn("popup");
    const popup = await connectInPopup(page, "Allow");
    await expect.poll(() => page.title()).toBe("ada@example.test");
    await expect.poll(() => popup.isClosed()).toBe(true);
  });

  test("shows the code that is entered at the provider, and closes once the user has agreed", async () => {
    const { page } = await openSignedIn("popup-code", "tv");
    codes.controls.devices.next({ answer: { interval: 1 } });
    const opening = page.context().waitForEvent("page");
    await page.getByRole("button").click();
    const popup = await opening;
    await popup.getByText("WDJB-MJHT").waitFor();
    codes.controls.devices.approve();
    await expect.poll(() => page.title(), { timeout: 20_000 }).toBe("user-1@example.test");
    await expect.poll(() => popup.isClosed(), { timeout: 20_000 }).toBe(true);
  });

  test("connects, and the page is told when it asks for a token again and access was taken back at the provider", async () => {
    const { page } = await openSignedIn("popup-again");
    await connectInPopup(page, "Allow");
    await expect.poll(() => page.title()).toBe("ada@example.test");
    const ask = () => page.evaluate(() => window.xkit.getConnectionToken("demo"));
    const token = await ask();
    await takeBack(token ?? "");
    expect(await ask()).toBeNull();
    const connection = await page.evaluate(() => window.xkit.getConnection("demo"));
    expect(connection.authorization).toMatchObject({ status: "ERROR", health: "RECONNECT_REQUIRED" });
  });

  test("tells the page when the user says no", async () => {
    const { page } = await openSignedIn("popup-no");
    await connectInPopup(page, "Deny");
    await expect.poll(() => page.title()).toBe("access_denied");
  });

  test("connects at a provider whose Cross-Origin-Opener-Policy makes it look closed", async () => {
    const { page, context } = await openSignedIn("popup-coop");
    await context.route(`${gateway.provider.issuer}/**`, async (route) => {
      const response = await route.fetch({ maxRedirects: 0 });
      await route.fulfill({ response, headers: { ...response.headers(), "cross-origin-opener-policy": "same-origin" } });
    });
    await connectInPopup(page, "Allow");
    await expect.poll(() => page.title()).toBe("ada@example.test");
  });
});

describe("openCatalog", () => {
  const html =
    () => `<!doctype html><html lang="en"><meta name="color-scheme" content="light dark"><title>App</title><style>body { font-family: serif; height: 300vh; } button { background: red; }</style>
    <main><h1>App</h1><button id="open">Integrations</button></main>
    <script src="${gateway.url}/xkit.js"></script>
    <script>document.getElementById("open").onclick = () => xkit.openCatalog().then((dialog) => { window.dialog = dialog; dialog.closed.then(() => document.title = "Closed"); });</script>`;

  test("shows the catalog over the page, connects in it, and gives the focus back", async () => {
    const { page, context } = await openPage(html());
    const complaints: string[] = [];
    page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
    const token = await gateway.provision("opener", { name: "Ada" });
    await page.evaluate((given) => window.xkit.login(given), token);
    const address = page.url();
    await page.locator("#open").focus();
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog", { name: "Integrations" });
    await dialog.getByRole("link", { name: /^Slack/ }).click();
    await dialog.getByRole("heading", { level: 1, name: "Slack" }).waitFor();
    const opening = context.waitForEvent("page");
    await dialog.getByRole("button", { name: "Connect Slack" }).click();
    await answerConsent(await opening);
    await dialog.getByText("Connected as ada@example.test").waitFor();
    // A dialog within closes alone.
    await dialog.getByRole("button", { name: /^Disconnect/ }).click();
    await page.getByRole("dialog", { name: /^Disconnect/ }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog", { name: /^Disconnect/ }).waitFor({ state: "detached" });
    expect(await dialog.count()).toBe(1);
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("open");
    await expect.poll(() => page.title()).toBe("Closed");
    expect(page.url()).toBe(address);
    expect(complaints.filter((text) => !text.includes("favicon"))).toEqual([]);
  });

  test("looks as the gateway's own page does, over a page that does not scroll meanwhile, in each size, scheme and language", async () => {
    const { page } = await openPage(html());
    const dialog = page.getByRole("dialog");
    await page.evaluate(() => document.getElementById("open")?.click());
    await dialog.getByRole("heading", { level: 3 }).first().waitFor();
    expect(await look(page, "open-catalog")).toEqual([]);
    expect(await dialog.evaluate((element) => getComputedStyle(element).fontFamily)).toContain("system-ui");
    expect(await dialog.evaluate((element) => getComputedStyle(element).borderRadius)).toBe("16px");
    await page.mouse.move(5, 5);
    await page.mouse.wheel(0, 500);
    await page.mouse.click(5, 5);
    await dialog.waitFor({ state: "detached" });
    expect(await page.evaluate(() => scrollY)).toBe(0);
    await page.mouse.wheel(0, 500);
    await expect.poll(() => page.evaluate(() => scrollY)).toBe(500);

    await page.emulateMedia({ forcedColors: "active" });
    await page.evaluate(() => void window.xkit.openCatalog({ locale: "de_DE" }));
    await dialog.getByRole("heading", { level: 3 }).first().waitFor();
    expect(await dialog.getAttribute("lang")).toBe("de-DE");
    const colors = await dialog
      .getByRole("group")
      .getByRole("button")
      .evaluateAll((chips) => chips.map((chip) => getComputedStyle(chip).backgroundColor));
    expect(new Set(colors).size).toBe(2);
    expect(await look(page, "open-catalog-forced-colors")).toEqual([]);
    await page.setViewportSize({ width: 320, height: 640 });
    expect(await page.evaluate(isCutOff)).toBe(false);
  });

  test("says where the catalog was to be loaded from when it cannot be", async () => {
    const { page } = await openPage(html());
    await page.route("**/catalog-dialog.js", (route) => route.abort());
    const failure = page.evaluate(() => window.xkit.openCatalog().then(String, String));
    expect(await failure).toContain(`The catalog cannot be loaded from ${gateway.url}/catalog-dialog.js.`);
    await page.unroute("**/catalog-dialog.js");
    await page.locator("#open").click();
    await page.getByRole("dialog", { name: "Integrations" }).waitFor();
  });
});
