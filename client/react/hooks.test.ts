/** The hooks in a real Chromium, before the real gateway. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AppPage, startAppPage } from "../../test/support/client/app-page.ts";
import { answerConsent, launchChromium } from "../../test/support/client/chromium.ts";
import { type HostedGateway, startHostedGateway } from "../../test/support/client/hosted-gateway.ts";

/** Short enough to see one expire. */
const ACCESS_TOKEN_SECONDS = 5;

const OTHER = { slug: "other", name: "Other", provider: "demo" };
/** Asks for little, and may ask for more. */
const MODEST = { slug: "modest", name: "Modest", provider: "demo", scopes: ["openid", "offline_access"], allowed_scopes: ["email"] };

let gateway: HostedGateway;
let browser: Browser;
let app: AppPage;

beforeAll(async () => {
  app = await startAppPage(new URL("../../test/support/client/hooks-page/main.tsx", import.meta.url));
  gateway = await startHostedGateway({ webOrigins: [app.url], accessTokenSeconds: ACCESS_TOKEN_SECONDS, connectors: [OTHER, MODEST] });
  browser = await launchChromium();
});
afterAll(async () => {
  await browser.close();
  await gateway.stop();
  app.stop();
});

interface Opening {
  second?: string;
  /** Without StrictMode. */
  loose?: boolean;
  /** What the page asks about. */
  asks?: Record<string, string>;
}

async function open(userId: string, { second, loose = false, asks = {} }: Opening = {}) {
  const page = await (await browser.newContext()).newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  const parameters = new URLSearchParams({
    gateway: gateway.url,
    token: await gateway.provision(userId),
    api: gateway.provider.apiUrl,
    ...asks,
  });
  if (second !== undefined) parameters.set("second", await gateway.provision(second));
  if (loose) parameters.set("loose", "");
  const asked: string[] = [];
  page.on("request", (request) => asked.push(...(/query (\w+)/.exec(request.postData() ?? "")?.slice(1) ?? [])));
  await page.goto(`${app.url}/?${parameters}`);
  const said = async () => JSON.parse((await page.locator("output").textContent()) ?? "{}");
  const press = (name: string) => page.getByRole("button", { name, exact: true }).click();
  const seen = () => page.evaluate(() => window.seen);
  return { page, said, press, complaints, asked, seen };
}

async function openPopup(page: Page): Promise<Page> {
  const opening = page.context().waitForEvent("page");
  await page.getByRole("button", { name: "Connect", exact: true }).click();
  const popup = await opening;
  await popup.locator("button").first().waitFor();
  return popup;
}

const connect = async (page: Page) => answerConsent(await openPopup(page));

test.each([
  ["under StrictMode", "strict"],
  ["without StrictMode", "loose"],
])("the hooks follow a user from signing in to disconnecting, %s", async (_mode, userId) => {
  const { page, said, press, complaints } = await open(userId, { loose: userId === "loose" });
  await expect.poll(said).toMatchObject({ viewer: null, connectors: ["demo", "other", "modest"], token: null });
  await press("Login");
  await expect.poll(said).toMatchObject({ viewer: userId, connection: null, token: null, outcome: "NotConnected" });
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

test("another user is never shown what the former one had", async () => {
  const { page, said, press, seen } = await open("former", { second: "latter" });
  await press("Login");
  await connect(page);
  await expect.poll(said).toMatchObject({ viewer: "former", shown: "demo", connected: ["demo"], token: expect.any(String) });
  await press("Login as another");
  await expect.poll(said).toMatchObject({ viewer: "latter", connection: null, connected: [], outcome: "NotConnected" });
  const latter = (await seen()).filter(({ viewer }) => viewer === "latter");
  expect(latter.filter(({ shown, connected, token }) => shown !== null || connected?.length || token !== null)).toEqual([]);
});

test("a changed argument is another question: the answer to the one before is not shown, and comes back at once", async () => {
  const { page, said, press, seen } = await open("changer");
  await press("Login");
  await connect(page);
  await expect.poll(said).toMatchObject({ asked: "demo", shown: "demo", token: expect.any(String) });
  await press("Change");
  await expect.poll(said).toMatchObject({ asked: "other", connection: null, outcome: "NotConnected" });
  await press("Change");
  expect(await said()).toMatchObject({ asked: "demo", shown: "demo", connection: "ACTIVE" });
  const other = (await seen()).filter(({ asked }) => asked === "other");
  expect(other.filter(({ shown, token }) => shown !== null || token !== null)).toEqual([]);
});

test("a token that lacks scopes is none, with what is missing, until they are granted beside those of before", async () => {
  const { page, said, press, complaints } = await open("modest", { asks: { slug: "modest", scopes: "email" } });
  await press("Login");
  await connect(page);
  await expect.poll(said).toMatchObject({ connection: "ACTIVE", token: null, outcome: "ScopesMissing" });
  expect((await said()).scopes).not.toContain("email");
  const opening = page.context().waitForEvent("page");
  await press("Allow");
  await answerConsent(await opening);
  await expect.poll(said).toMatchObject({ connection: "ACTIVE", token: expect.any(String), outcome: "AccessToken" });
  await expect.poll(async () => (await said()).scopes.toSorted()).toEqual(["email", "offline_access", "openid"]);
  expect(complaints).toEqual([]);
});

test("hooks that ask the same ask once", async () => {
  const { said, asked } = await open("asker", { loose: true });
  await expect.poll(said).toMatchObject({ viewer: null, connectors: ["demo", "other", "modest"], outcome: expect.any(String) });
  expect(asked.toSorted()).toEqual(["AccessToken", "Connection", "Connectors"]);
});

describe("useConnect", () => {
  test("is as before once cancelled: neither connecting nor in error, and the popup is closed", async () => {
    const { page, said, press } = await open("canceller");
    await press("Login");
    await expect.poll(said).toMatchObject({ outcome: "NotConnected" });
    const popup = await openPopup(page);
    expect(await said()).toMatchObject({ connecting: true, ended: "" });
    await press("Cancel");
    await expect.poll(said).toMatchObject({ connecting: false, ended: "cancelled" });
    await expect.poll(() => popup.isClosed()).toBe(true);
  });

  test("started again closes the popup before, and goes on in its own", async () => {
    const { page, said, press } = await open("impatient");
    await press("Login");
    await expect.poll(said).toMatchObject({ outcome: "NotConnected" });
    const first = await openPopup(page);
    const second = await openPopup(page);
    await expect.poll(() => first.isClosed()).toBe(true);
    await expect.poll(said).toMatchObject({ connecting: true, ended: "cancelled" });
    await answerConsent(second);
    await expect.poll(said).toMatchObject({ connecting: false, connection: "ACTIVE", ended: "cancelled connected" });
    await expect.poll(() => second.isClosed()).toBe(true);
  });
});

/** Each waits until a token has really expired: at once, so that the wait is one. */
describe.concurrent("when a token has expired", () => {
  test("hooks that are gone ask nothing more, and ask again when they are back", async ({ expect }) => {
    const { page, said, press, asked, complaints } = await open("leaver");
    await press("Login");
    await connect(page);
    await expect.poll(said).toMatchObject({ connection: "ACTIVE", token: expect.any(String) });
    const { token } = await said();
    await press("Mount");
    await page.getByRole("button", { name: "Connect", exact: true }).waitFor({ state: "detached" });
    asked.length = 0;
    const isDead = async () => (await fetch(gateway.provider.apiUrl, { headers: { authorization: `Bearer ${token}` } })).status === 401;
    await expect.poll(isDead).toBe(true);
    await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
    expect(asked).toEqual([]);
    await press("Mount");
    await expect.poll(said).toMatchObject({ connection: "ACTIVE", token: expect.any(String) });
    expect((await said()).token).not.toBe(token);
    expect(complaints).toEqual([]);
  });

  test("useXkitFetch goes on after a token has expired, and nobody notices", async ({ expect }) => {
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
    await expect.poll(isDead).toBe(true);
    await press("Fetch");
    await expect.poll(() => calls.length).toBe(2);
    expect(calls.map(({ status }) => status)).toEqual([200, 200]);
    expect(calls[1]?.token).not.toBe(first);
    expect(complaints).toEqual([]);
  });

  test("useAccessToken renews a token that has expired, but not while the tab is hidden", async ({ expect }) => {
    const { page, said, press } = await open("renewal");
    await press("Login");
    await expect.poll(said).toMatchObject({ viewer: "renewal", outcome: "NotConnected" });
    await connect(page);
    await expect.poll(said).toMatchObject({ outcome: "AccessToken" });
    const first = (await said()).token;
    await expect.poll(async () => (await said()).token !== first && (await said()).token !== null).toBe(true);

    const asked: string[] = [];
    page.on("request", (request) => request.postData()?.includes("query AccessToken") && asked.push(request.url()));
    await page.evaluate(() => {
      Object.defineProperty(document, "visibilityState", { value: "hidden", configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    });
    const hidden = (await said()).token;
    const tokenIsDead = async () =>
      (await fetch(gateway.provider.apiUrl, { headers: { authorization: `Bearer ${hidden}` } })).status === 401;
    await expect.poll(tokenIsDead).toBe(true);
    expect(asked).toEqual([]);
    await page.evaluate(() => {
      Object.defineProperty(document, "visibilityState", { value: "visible", configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    });
    await expect.poll(async () => ![null, hidden].includes((await said()).token)).toBe(true);
  });
});
