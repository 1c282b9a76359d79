/** When useAccessToken asks, by the browser's clock, which the tests move; in a real Chromium, before the real gateway. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { revokeAtProvider } from "../../gateway/demo/consent.ts";
import { type AppPage, startAppPage } from "../../test/support/client/app-page.ts";
import { answerConsent, launchChromium } from "../../test/support/client/chromium.ts";
import { type HostedGateway, startHostedGateway } from "../../test/support/client/hosted-gateway.ts";

/** Renewed when 4 seconds are left; over before the live feed asks for everything of its own accord, which is after a minute. */
const ACCESS_TOKEN_SECONDS = 40;

/** Its provider is asked as often as the page asks. */
const OTHER = { slug: "other", name: "Other", provider: "demo", check_interval_seconds: 1 };

let gateway: HostedGateway;
let browser: Browser;
let app: AppPage;
beforeAll(async () => {
  app = await startAppPage(new URL("../../test/support/client/hooks-page/main.tsx", import.meta.url));
  gateway = await startHostedGateway({ webOrigins: [app.url], accessTokenSeconds: ACCESS_TOKEN_SECONDS, connectors: [OTHER] });
  browser = await launchChromium();
});
afterAll(async () => {
  await browser.close();
  await gateway.stop();
  app.stop();
});

const isAboutToken = (text: string | null) => text?.includes("query AccessToken") === true;

/** A page that shows a token, by a clock that is `aheadMs` too fast. */
async function open(userId: string, aheadMs: number, slug: "demo" | "other" = "demo") {
  const page = await (await browser.newContext()).newPage();
  await page.clock.install({ time: Date.now() + aheadMs });
  await page.goto(`${app.url}/?${new URLSearchParams({ gateway: gateway.url, token: await gateway.provision(userId), loose: "" })}`);
  const said = async () => JSON.parse((await page.locator("output").textContent()) ?? "{}");
  await page.getByRole("button", { name: "Login", exact: true }).click();
  await expect.poll(said).toMatchObject({ outcome: "NotConnected" });
  if (slug === "other") await page.getByRole("button", { name: "Change", exact: true }).click();
  const opening = page.context().waitForEvent("page");
  await page.getByRole("button", { name: "Connect", exact: true }).click();
  await answerConsent(await opening);
  await expect.poll(said).toMatchObject({ connecting: false, connection: "ACTIVE", outcome: "AccessToken" });
  let asked = 0;
  page.on("request", (request) => isAboutToken(request.postData()) && asked++);
  return { page, said, asked: () => asked };
}

/** Moves the page's clock; what was due has been asked by then. */
async function pass(page: Page, ms: number): Promise<void> {
  await page.clock.fastForward(ms);
  await page.evaluate(() => fetch(location.href));
}

/** As when the user comes back to the tab: everything is asked again. */
const comeBack = (page: Page) => page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));

/** Whether there was no token at any time since there was this one. */
const wasWithout = (page: Page, token: string) =>
  page.evaluate((first) => {
    const tokens = window.seen.map((said) => said.token);
    return tokens.slice(tokens.indexOf(first)).includes(null);
  }, token);

test("a token is asked for again before it expires, and not long before", async () => {
  const { page, said, asked } = await open("early", 0);
  const { token, expiresAt } = await said();
  await page.clock.pauseAt(Date.parse(expiresAt) - 6_000);
  await pass(page, 0);
  expect(asked()).toBe(0);
  await pass(page, 5_000);
  expect(asked()).toBe(1);
  expect(await page.evaluate(() => Date.now())).toBeLessThan(Date.parse(expiresAt));
  expect(await wasWithout(page, token)).toBe(false);
});

test("a clock that is ahead costs neither a question a second nor the token", async () => {
  const { page, said, asked } = await open("ahead", 2 * ACCESS_TOKEN_SECONDS * 1000);
  const { token } = await said();
  await pass(page, 30_000);
  expect(asked()).toBe(0);
  await comeBack(page);
  await expect.poll(asked).toBe(1);
  await pass(page, 30_000);
  expect(asked()).toBe(1);
  expect(await wasWithout(page, token)).toBe(false);
});

test("a failure that says when to come back is asked again then, and no sooner", async () => {
  const { page, said, asked } = await open("told", 0);
  const headers = { "access-control-allow-origin": app.url, "access-control-allow-credentials": "true" };
  const errors = [{ message: "Too many requests.", extensions: { code: "RATE_LIMITED", retryAfter: 20 } }];
  await page.route(`${gateway.url}/graphql`, (route) =>
    isAboutToken(route.request().postData()) ? route.fulfill({ json: { errors }, headers }) : route.fallback(),
  );
  await comeBack(page);
  await expect.poll(said).toMatchObject({ problem: "Too many requests.", token: expect.any(String) });
  expect(asked()).toBe(1);
  await pass(page, 15_000);
  expect(asked()).toBe(1);
  await page.unroute(`${gateway.url}/graphql`);
  await pass(page, 6_000);
  await expect.poll(said).toMatchObject({ problem: null, outcome: "AccessToken" });
});

test("a token whose access was taken back at the provider is gone when it is asked for again, with the reason", async () => {
  const { page, said } = await open("revoked", 0, "other");
  await revokeAtProvider(gateway.provider.grantsUrl);
  const askAgain = async () => (await comeBack(page), said());
  await expect.poll(askAgain, { interval: 1_000 }).toMatchObject({ token: null, outcome: "ReconnectRequired", connection: "ERROR" });
});
