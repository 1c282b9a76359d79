/**
 * The built catalog and xkit.js in a real Chromium, before the real gateway and the demo provider's own consent page.
 * Screenshots of every state are written to coverage/screenshots.
 */
import { mkdirSync } from "node:fs";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { answerConsent, launchChromium } from "../testing/chromium.ts";
import { demoConnectors } from "../testing/connectors.fixture.ts";
import { type HostedGateway, startHostedGateway } from "../testing/hosted-gateway.ts";

const SCREENSHOTS = new URL("../../coverage/screenshots/", import.meta.url).pathname;
const WIDE = { width: 1280, height: 860 };

let gateway: HostedGateway;
let browser: Browser;

beforeAll(async () => {
  mkdirSync(SCREENSHOTS, { recursive: true });
  gateway = await startHostedGateway({
    connectors: demoConnectors,
    platform: { name: "Acme", color: "#0f766e", website: "https://acme.example/" },
  });
  browser = await launchChromium();
});
afterAll(async () => {
  await browser.close();
  await gateway.stop();
});

const shoot = (page: Page, name: string) => page.screenshot({ path: `${SCREENSHOTS}${name}.png` });

/** A browser of its own; what its pages complain of is in `complaints`. */
async function open(path: string, { userId, ...options }: { userId?: string } & Parameters<Browser["newContext"]>[0] = {}) {
  const context = await browser.newContext({ viewport: WIDE, ...options });
  const complaints: string[] = [];
  context.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  context.on("weberror", (error) => complaints.push(String(error.error())));
  const page = await context.newPage();
  if (userId !== undefined) await page.goto(`${gateway.url}/sign-in?token=${await gateway.provision(userId, { name: "Ada" })}`);
  await page.goto(`${gateway.url}${path}`);
  return { context, page, complaints };
}

async function connect(page: Page, name: string): Promise<void> {
  await page.getByRole("button", { name: `Connect ${name}` }).click();
  await answerConsent(page);
  await page.getByText("Your account").waitFor();
}

const revokeAtProvider = () =>
  fetch(gateway.provider.grantsUrl, { method: "POST", body: new URLSearchParams({ account: "ada" }), redirect: "manual" });

const ACCESS_TOKEN = `query ($slug: ID!, $rejected: String) {
  accessToken(where: { slug: $slug }, rejected: $rejected) { __typename ... on AccessToken { fingerprint } }
}`;

/** Asks GraphQL as the page's user does. */
async function signedInAs({ request }: BrowserContext) {
  const ask = async (query: string, variables: object = {}, headers: Record<string, string> = {}) => {
    const answer = await request.post(`${gateway.url}/graphql`, {
      data: { query, variables },
      headers: { origin: gateway.url, ...headers },
    });
    return (await answer.json()).data;
  };
  const { token } = (await ask("mutation { refreshSession { token } }")).refreshSession;
  return (query: string, variables?: object) => ask(query, variables, { authorization: `Bearer ${token}` });
}

/** Says that the third party refused the token: so the gateway finds out what the provider thinks. */
async function rejectToken(context: BrowserContext, slug: string) {
  const ask = await signedInAs(context);
  const { accessToken } = await ask(ACCESS_TOKEN, { slug });
  return ask(ACCESS_TOKEN, { slug, rejected: accessToken.fingerprint });
}

async function connectionIdOf(context: BrowserContext, slug: string): Promise<string> {
  const ask = await signedInAs(context);
  return (await ask("query ($slug: ID!) { connection(where: { slug: $slug }) { id } }", { slug })).connection.id;
}

describe("the list", () => {
  test("is public, says how to sign in, and finds what is searched for", async () => {
    const { page, complaints } = await open("/");
    await page.getByRole("heading", { name: "Integrations" }).waitFor();
    await page.getByRole("link", { name: "Sign in", exact: true }).waitFor();
    expect(await page.getByText("Not connected").count()).toBe(0);
    await shoot(page, "list-signed-out");
    await page.keyboard.press("/");
    await page.keyboard.type("cal");
    await expect.poll(() => page.getByRole("heading", { level: 2 }).allTextContents()).toEqual(["Calendar"]);
    await page.keyboard.type("zzz");
    await page.getByText("Nothing found for “calzzz”.").waitFor();
    await shoot(page, "list-nothing-found");
    expect(complaints.filter((text) => !text.includes("401"))).toEqual([]);
  });
});

describe("a connection", () => {
  test("is made at the provider, breaks and heals before one's eyes, and ends", async () => {
    const { page, context, complaints } = await open("/", { userId: "ada" });
    await page.getByText("Not connected").first().waitFor();
    await shoot(page, "list");
    await page.getByRole("link", { name: /Calendar/ }).click();
    await shoot(page, "connector");
    await connect(page, "Calendar");
    await page.getByText("Connected as ada@example.test").waitFor();
    await shoot(page, "connector-connected");

    const id = await connectionIdOf(context, "calendar");
    await revokeAtProvider();
    expect(await rejectToken(context, "calendar")).toMatchObject({ accessToken: { __typename: "ReconnectRequired" } });
    await page.getByText("Needs attention").first().waitFor();
    await page.getByText("Calendar no longer accepts this connection.").waitFor();
    await shoot(page, "connector-needs-attention");

    await page.getByRole("button", { name: /^Reconnect/ }).click();
    await answerConsent(page);
    await page.getByText("Connected as ada@example.test").waitFor();
    expect(await connectionIdOf(context, "calendar")).toBe(id);

    await page.getByRole("button", { name: /^Disconnect/ }).click();
    const dialog = page.getByRole("dialog");
    await dialog.waitFor();
    await shoot(page, "connector-disconnect");
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    await page.getByRole("button", { name: /^Disconnect/ }).click();
    await dialog.getByRole("button", { name: "Disconnect" }).click();
    await page.getByRole("button", { name: "Connect Calendar" }).waitFor();
    expect(complaints).toEqual([]);
  });

  test("shows in another tab of the same user without a reload", async () => {
    const { page, context } = await open("/connectors/drive", { userId: "two-tabs" });
    const other = await context.newPage();
    await other.goto(gateway.url);
    await other.getByRole("link", { name: /Drive/ }).getByText("Not connected").waitFor();
    await connect(page, "Drive");
    const card = other.getByRole("link", { name: /Drive/ });
    await expect.poll(() => card.textContent()).toContain("Connected as ada@example.test");
  });

  test("that is denied is told as a sentence with what to do", async () => {
    const { page } = await open("/connectors/notes", { userId: "denier" });
    await page.getByRole("button", { name: "Connect Notes" }).click();
    await answerConsent(page, "Deny");
    await page.getByText(/not granted/).waitFor();
    await page.goto(`${gateway.url}/connectors/notes`);
    await page.getByText("Access to Notes was not granted.").waitFor();
    expect(await page.getByRole("alert").textContent()).toContain("Connect again and approve the request.");
    await shoot(page, "connector-denied");
  });

  test("asks for an API key in a form, and says what is wrong with it", async () => {
    const { page } = await open("/connectors/desk", { userId: "typist" });
    await page.getByRole("button", { name: "Connect Support Desk" }).click();
    await page.getByLabel("Subdomain").fill(" ");
    await page.getByLabel("API key").fill("key-1");
    await shoot(page, "connector-form");
    await page.getByRole("dialog").getByRole("button", { name: "Connect" }).click();
    await expect.poll(() => page.getByRole("alert").textContent()).toBe("Subdomain must not be empty.");
    await page.getByLabel("Subdomain").fill("acme");
    await page.getByRole("dialog").getByRole("button", { name: "Connect" }).click();
    await page.getByText("Your account").waitFor();
  });

  test("may lack permissions, which is said without calling it broken", async () => {
    const { page } = await open("/connectors/chat", { userId: "partial" });
    await connect(page, "Chat");
    await page.getByText("Some permissions were not granted.").waitFor();
    expect(await page.getByText("chat:write").count()).toBe(1);
    expect(await page.getByText("Needs attention").count()).toBe(0);
    await shoot(page, "connector-missing-scopes");
  });

  test("can be one of several", async () => {
    const { page } = await open("/connectors/calendar", { userId: "several" });
    await connect(page, "Calendar");
    await page.getByRole("button", { name: "Add another" }).click();
    await answerConsent(page);
    await page.getByText("2 accounts connected").waitFor();
    await expect.poll(() => page.getByRole("heading", { level: 3 }).count()).toBe(2);
    await shoot(page, "connector-several");
  });
});

describe("the page", () => {
  test("says that it is offline, and that there is no such integration", async () => {
    const { page, context } = await open("/connectors/nothing");
    await page.getByRole("heading", { name: "There is no such integration." }).waitFor();
    await context.setOffline(true);
    await expect.poll(() => page.getByText("You are offline.").count()).toBe(1);
    await shoot(page, "offline");
  });

  test("offers to try again when the gateway does not answer", async () => {
    const { page, context } = await open("/connectors/nothing");
    await page.getByRole("heading", { name: "There is no such integration." }).waitFor();
    await context.route("**/graphql", (route) => route.abort());
    await page.goto(gateway.url);
    await page.getByText("There is no answer.").waitFor();
    await shoot(page, "list-no-answer");
    await context.unroute("**/graphql");
    await page.getByRole("button", { name: "Try again" }).click();
    await expect.poll(() => page.getByRole("heading", { name: "Calendar" }).count()).toBe(1);
    await page.getByText("Back to Acme").waitFor();
  });

  test.each([
    ["phone", { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true }],
    ["dark", { colorScheme: "dark" as const }],
  ])("fits the %s", async (name, options) => {
    const { page } = await open("/", { userId: `look-${name}`, ...options });
    await page.getByText("Not connected").first().waitFor();
    await shoot(page, `list-${name}`);
    await page.goto(`${gateway.url}/connectors/calendar`);
    await connect(page, "Calendar");
    await shoot(page, `connector-${name}`);
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
  });
});
