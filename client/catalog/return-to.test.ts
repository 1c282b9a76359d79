/** Where connecting ends: at the page that asked for it, or with what to do instead. */
import { createServer } from "node:http";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Acme, connectFrom, look, signedInAs, startAcme } from "../../test/support/client/catalog-pages.ts";
import { answerConsent } from "../../test/support/client/chromium.ts";

vi.setConfig({ testTimeout: 60_000 });

let acme: Acme;
/** The platform's own app, at an origin that only the configuration knows. */
let appUrl = "";
const app = createServer((request, response) => {
  const slug = new URL(request.url ?? "/", appUrl).searchParams.get("slug") ?? "calendar";
  const href = `${acme.gateway.url}/connectors/${slug}?${new URLSearchParams({ returnTo: `${appUrl}/settings` })}`;
  response.writeHead(200, { "content-type": "text/html" }).end(`<!doctype html><title>App</title><a href="${href}">Connect</a>`);
});

beforeAll(async () => {
  await new Promise<void>((resolve) => app.listen(0, "localhost", resolve));
  const address = app.address();
  appUrl = `http://localhost:${typeof address === "object" ? address?.port : 0}`;
  acme = await startAcme({ webOrigins: [appUrl] });
});
afterAll(async () => {
  await acme.stop();
  app.close();
});

const CONNECTION = "query ($slug: ID!) { connection(where: { slug: $slug }) { id enabled authorization { status } } }";

async function comeFromApp(userId: string, slug: string) {
  const { page } = await acme.open("/", { userId });
  await page.goto(`${appUrl}/?slug=${slug}`);
  await page.getByRole("link", { name: "Connect" }).click();
  await page.getByRole("link", { name: `Back to ${new URL(appUrl).host}` }).waitFor();
  return page;
}

describe("a page that sends its user with returnTo", () => {
  test("has them back when they have connected, also after a look around", async () => {
    const page = await comeFromApp("returner", "calendar");
    await page.getByRole("link", { name: "All integrations" }).click();
    await page.getByRole("link", { name: /^Drive/ }).click();
    await page.getByRole("button", { name: "Connect Drive" }).click();
    await answerConsent(page);
    await expect.poll(() => page.url()).toBe(`${appUrl}/settings`);
  });

  test("has them back when all it took was an API key", async () => {
    const page = await comeFromApp("returner-with-key", "desk");
    await page.getByRole("button", { name: "Connect Support Desk" }).click();
    await page.getByLabel("Subdomain").fill("acme");
    await page.getByLabel("API key").fill("key-1");
    await page.getByRole("dialog").getByRole("button", { name: "Connect" }).click();
    await expect.poll(() => page.url()).toBe(`${appUrl}/settings`);
  });

  test("has them back when they say no, after telling them what that means", async () => {
    const page = await comeFromApp("returner-denied", "notes");
    await page.getByRole("button", { name: "Connect Notes" }).click();
    await answerConsent(page, "Deny");
    await page.getByRole("link", { name: "Back" }).click();
    await expect.poll(() => page.url()).toBe(`${appUrl}/settings`);
  });
});

test("a page leads back also in a browser that has no URL.parse", async () => {
  const { page, context } = await acme.open("/?close");
  await context.addInitScript(() => Reflect.deleteProperty(URL, "parse"));
  await page.goto(`${acme.gateway.url}/connectors/calendar?returnTo=/welcome`);
  const href = page.getByRole("link", { name: "Back to where you were" }).getAttribute("href");
  expect(await href).toBe(`${acme.gateway.url}/welcome`);
});

test("a link that leads elsewhere is no way back, and connects nothing", async () => {
  const { page, context } = await acme.open("/connectors/notes?returnTo=https://evil.example/", { userId: "led-astray" });
  await page.getByRole("button", { name: "Connect Notes" }).click();
  await page.getByText("That was not accepted.").waitFor();
  expect(await page.getByText("evil.example").count()).toBe(0);
  expect(await (await signedInAs(context, acme.gateway))(CONNECTION, { slug: "notes" })).toEqual({ connection: null });
});

describe("a reconnect that is denied", () => {
  test("leaves the connection as it was, and leads back to it, or to another try", async () => {
    const { page, context } = await acme.open("/connectors/calendar", { userId: "hesitant" });
    await connectFrom(page, "Calendar");
    const ask = await signedInAs(context, acme.gateway);
    const before = await ask(CONNECTION, { slug: "calendar" });
    const deny = async () => {
      await page.getByRole("button", { name: /^Reconnect/ }).click();
      await answerConsent(page, "Deny");
      await page.getByRole("heading", { name: "Calendar was not reconnected" }).waitFor();
      await page.getByText("Your existing connection still works.").waitFor();
    };
    await deny();
    expect(await look(page, "gateway-reconnect-denied")).toEqual([]);
    await page.getByRole("link", { name: "Back" }).click();
    await page.waitForURL(`${acme.gateway.url}/connectors/calendar`);
    await page.getByText("Connected as ada@example.test").waitFor();
    await deny();
    await page.getByRole("link", { name: "Try again" }).click();
    await answerConsent(page);
    await page.waitForURL(`${acme.gateway.url}/connectors/calendar`);
    await page.getByText("Connected as ada@example.test").waitFor();
    expect(await ask(CONNECTION, { slug: "calendar" })).toEqual(before);
  });
});

describe("a connect link", () => {
  const CONNECT = "mutation ($slug: ID!) { connect(slug: $slug) { authorization { authorizeUrl } } }";

  test.each([
    ["of another user", "victim"],
    ["where no user is signed in", undefined],
  ])("opened in a browser %s connects nothing, for neither", async (_where, userId) => {
    const maker = await acme.open("/", { userId: `maker-${userId}` });
    const asMaker = await signedInAs(maker.context, acme.gateway);
    const { authorizeUrl } = (await asMaker(CONNECT, { slug: "crm" })).connect.authorization;
    const { page, context } = await acme.open("/", userId === undefined ? {} : { userId });
    await page.goto(authorizeUrl);
    await answerConsent(page);
    await page.getByRole("heading", { name: "Something went wrong" }).waitFor();
    expect((await asMaker(CONNECTION, { slug: "crm" })).connection?.authorization?.status).not.toBe("ACTIVE");
    const asVisitor = userId === undefined ? null : await signedInAs(context, acme.gateway);
    expect(await asVisitor?.(CONNECTION, { slug: "crm" })).toEqual(asVisitor ? { connection: null } : undefined);
    expect(await look(page, "gateway-foreign-link")).toEqual([]);
  });
});
