/**
 * The built catalog and xkit.js in a real Chromium, before the real gateway and the demo provider's own consent page.
 * Every state is looked at: screenshots go to coverage/screenshots, and axe finds nothing.
 */
import type { BrowserContext, Request, Route } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Acme, connectFrom, look, signedInAs, startAcme } from "../../test/support/client/catalog-pages.ts";
import { answerConsent } from "../../test/support/client/chromium.ts";

/** Looking at a state takes a second or two, and a walk has many. */
vi.setConfig({ testTimeout: 60_000 });

let acme: Acme;
beforeAll(async () => void (acme = await startAcme()));
afterAll(() => acme.stop());

const revokeAtProvider = () =>
  fetch(acme.gateway.provider.grantsUrl, { method: "POST", body: new URLSearchParams({ account: "ada" }), redirect: "manual" });

const ACCESS_TOKEN = `query ($slug: ID!, $rejected: String) {
  accessToken(where: { slug: $slug }, rejected: $rejected) { __typename ... on AccessToken { fingerprint } }
}`;

const GRANT = "query ($slug: ID!) { connection(where: { slug: $slug }) { authorization { scopes connectedAt } } }";

/** Says that the third party refused the token: so the gateway finds out what the provider thinks. */
async function rejectToken(context: BrowserContext, slug: string) {
  const ask = await signedInAs(context, acme.gateway);
  const { accessToken } = await ask(ACCESS_TOKEN, { slug });
  return ask(ACCESS_TOKEN, { slug, rejected: accessToken.fingerprint });
}

async function connectionIdOf(context: BrowserContext, slug: string): Promise<string> {
  const ask = await signedInAs(context, acme.gateway);
  return (await ask("query ($slug: ID!) { connection(where: { slug: $slug }) { id } }", { slug })).connection.id;
}

describe("the list", () => {
  test("is public, says how to sign in, and finds what is searched for", async () => {
    const { page, complaints } = await acme.open("/");
    await page.getByRole("heading", { name: "Integrations" }).waitFor();
    await page.getByRole("link", { name: "Sign in", exact: true }).waitFor();
    expect(await page.getByText("Not connected").count()).toBe(0);
    expect(await look(page, "list-signed-out")).toEqual([]);
    await page.keyboard.press("/");
    await page.keyboard.type("cal");
    await expect.poll(() => page.getByRole("heading", { level: 3 }).allTextContents()).toEqual(["Calendar"]);
    await page.keyboard.type("zzz");
    await page.getByText("Nothing found for “calzzz”.").waitFor();
    expect(await look(page, "list-nothing-found")).toEqual([]);
    expect(complaints.filter((text) => !text.includes("401"))).toEqual([]);
  });
});

test("the list has first what needs its user, then what is connected, and says how much needs them", async () => {
  const { page, context } = await acme.open("/connectors/notes", { userId: "orderly" });
  const names = () => page.getByRole("heading", { level: 3 }).allTextContents();
  await connectFrom(page, "Notes");
  await page.getByRole("link", { name: "All integrations" }).click();
  await page.getByText("Connected as ada@example.test").waitFor();
  const connectedFirst = await names();
  expect(connectedFirst[0]).toBe("Notes");
  await page.goto(`${acme.gateway.url}/connectors/crm`);
  await connectFrom(page, "CRM");
  await revokeAtProvider();
  await rejectToken(context, "notes");
  await page.getByRole("link", { name: "All integrations" }).click();
  await page.getByText("An integration needs your attention.").waitFor();
  expect((await names()).slice(0, 2)).toEqual(["Notes", "CRM"]);
  expect((await names()).slice(2)).toEqual(connectedFirst.filter((name) => name !== "Notes" && name !== "CRM"));
  expect(await look(page, "list-needs-attention")).toEqual([]);
});

describe("a connection", () => {
  test("is made at the provider, breaks and heals before one's eyes, and ends", async () => {
    const { page, context, complaints } = await acme.open("/", { userId: "ada" });
    await page.getByText("Not connected").first().waitFor();
    expect(await look(page, "list")).toEqual([]);
    await page.getByRole("link", { name: /Calendar/ }).click();
    expect(await look(page, "connector")).toEqual([]);
    await connectFrom(page, "Calendar");
    await page.getByText("Connected as ada@example.test").waitFor();
    expect(await look(page, "connector-connected")).toEqual([]);

    const granted = (await (await signedInAs(context, acme.gateway))(GRANT, { slug: "calendar" })).connection.authorization;
    expect(granted.scopes.length).toBeGreaterThan(0);
    expect(await page.locator("dd [data-scopes] li").allTextContents()).toEqual(granted.scopes);
    // A token's life is no concern of theirs.
    expect(await page.getByText(/expires/).count()).toBe(0);
    expect(await page.locator("main time").getAttribute("datetime")).toBe(granted.connectedAt);

    const id = await connectionIdOf(context, "calendar");
    await revokeAtProvider();
    expect(await rejectToken(context, "calendar")).toMatchObject({ accessToken: { __typename: "ReconnectRequired" } });
    await page.getByText("Needs attention").first().waitFor();
    await page.getByText("Calendar no longer accepts this connection.").waitFor();
    expect(await look(page, "connector-needs-attention")).toEqual([]);

    await page.getByRole("button", { name: /^Reconnect/ }).click();
    await answerConsent(page);
    await page.getByText("Connected as ada@example.test").waitFor();
    expect(await connectionIdOf(context, "calendar")).toBe(id);

    await page.getByRole("button", { name: /^Disconnect/ }).click();
    const dialog = page.getByRole("dialog");
    await dialog.waitFor();
    expect(await look(page, "connector-disconnect")).toEqual([]);
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    await page.getByRole("button", { name: /^Disconnect/ }).click();
    await dialog.getByRole("button", { name: "Disconnect" }).click();
    await page.getByRole("button", { name: "Connect Calendar" }).waitFor();
    expect(complaints).toEqual([]);
  });

  test("shows in another tab of the same user without a reload", async () => {
    const { page, context } = await acme.open("/connectors/drive", { userId: "two-tabs" });
    const other = await context.newPage();
    await other.goto(acme.gateway.url);
    await other.getByRole("link", { name: /Drive/ }).getByText("Not connected").waitFor();
    await connectFrom(page, "Drive");
    const card = other.getByRole("link", { name: /Drive/ });
    await expect.poll(() => card.textContent()).toContain("Connected as ada@example.test");
    expect(await look(other, "list-connected")).toEqual([]);
  });

  test("is asked for more by a link, and has it beside what it had once it is reconnected", async () => {
    const { page, context } = await acme.open("/connectors/mail", { userId: "more" });
    await connectFrom(page, "Mail");
    const id = await connectionIdOf(context, "mail");
    await page.goto(`${acme.gateway.url}/connectors/mail?${new URLSearchParams({ id, scopes: "email" })}`);
    await page.getByText("The app asks for more permissions.").waitFor();
    expect(await look(page, "connector-asks-more")).toEqual([]);
    await page.getByRole("button", { name: /^Reconnect/ }).click();
    await answerConsent(page);
    await expect.poll(() => page.url()).toBe(`${acme.gateway.url}/connectors/mail`);
    await expect
      .poll(async () => (await page.locator("dd [data-scopes] li").allTextContents()).toSorted())
      .toEqual(["email", "offline_access", "openid"]);
    expect(await connectionIdOf(context, "mail")).toBe(id);
    await page.goto(`${acme.gateway.url}/connectors/mail?${new URLSearchParams({ id: "another", scopes: "profile" })}`);
    await page.getByText("Your account").waitFor();
    expect(await page.getByText("The app asks for more permissions.").count()).toBe(0);
  });

  test("asks for the kind of token that a link names", async () => {
    const { page } = await acme.open("/connectors/mail", { userId: "kinds" });
    await connectFrom(page, "Mail");
    await page.goto(`${acme.gateway.url}/connectors/mail?kind=user`);
    const asking = page.waitForRequest((request) => request.postData()?.includes("mutation Connect") === true);
    await page.getByRole("button", { name: /^Reconnect/ }).click();
    expect((await asking).postDataJSON().variables).toMatchObject({ slug: "mail", kind: "user" });
    await page.getByText(/has one kind of token/).waitFor();
  });

  test("that is denied is told as a sentence with what to do", async () => {
    const { page } = await acme.open("/connectors/notes", { userId: "denier" });
    await page.getByRole("button", { name: "Connect Notes" }).click();
    await answerConsent(page, "Deny");
    await page.getByText(/not granted/).waitFor();
    await page.goto(`${acme.gateway.url}/connectors/notes`);
    await page.getByText("Access to Notes was not granted.").waitFor();
    expect(await page.getByRole("alert").count()).toBe(0);
    await page.getByText(/Connect again when you want to/).waitFor();
    expect(await look(page, "connector-denied")).toEqual([]);
  });

  test("asks for an API key in a form, and says what is wrong with it", async () => {
    const { page } = await acme.open("/connectors/desk", { userId: "typist" });
    await page.getByRole("button", { name: "Connect Support Desk" }).click();
    await page.getByLabel("Subdomain").fill(" ");
    await page.getByLabel("API key").fill("key-1");
    expect(await look(page, "connector-form")).toEqual([]);
    await page.getByRole("dialog").getByRole("button", { name: "Connect" }).click();
    await expect.poll(() => page.getByRole("alert").textContent()).toBe("Subdomain must not be empty.");
    expect(await look(page, "connector-form-refused")).toEqual([]);
    await page.getByLabel("Subdomain").fill("acme");
    await page.getByRole("dialog").getByRole("button", { name: "Connect" }).click();
    await page.getByText("Your account").waitFor();
  });

  test.each(["Escape", "Cancel"])("lets go of its form with %s while it is being sent", async (way) => {
    const { page, context } = await acme.open("/connectors/desk", { userId: `let-go-${way}` });
    const isSubmit = (request: Request) => request.postData()?.includes("submitAuthorization") === true;
    const held = new Promise<Route>((resolve) => {
      void context.route("**/graphql", (route) => (isSubmit(route.request()) ? resolve(route) : route.continue()));
    });
    await page.getByRole("button", { name: "Connect Support Desk" }).click();
    await page.getByLabel("Subdomain").fill(" ");
    await page.getByLabel("API key").fill("key-1");
    await page.getByRole("dialog").getByRole("button", { name: "Connect" }).click();
    const sent = await held;
    if (way === "Escape") await page.keyboard.press(way);
    else await page.getByRole("button", { name: way }).click();
    await page.getByRole("dialog").waitFor({ state: "detached" });
    const answered = page.waitForResponse((response) => isSubmit(response.request()));
    await sent.continue();
    await (await answered).finished();
    const button = page.getByRole("button", { name: "Connect Support Desk" });
    expect(await button.getAttribute("aria-disabled")).toBeNull();
    expect(await page.getByRole("dialog").count()).toBe(0);
    await button.click();
    await page.getByRole("dialog").waitFor();
  });

  test("may lack permissions, which is said without calling it broken", async () => {
    const { page } = await acme.open("/connectors/chat", { userId: "partial" });
    await connectFrom(page, "Chat");
    await page.getByText("Some permissions are missing.").waitFor();
    expect(await page.getByText("chat:write").count()).toBe(1);
    expect(await page.getByText("Needs attention").count()).toBe(0);
    expect(await look(page, "connector-missing-scopes")).toEqual([]);
  });

  test("can be one of several", async () => {
    const { page } = await acme.open("/connectors/calendar", { userId: "several" });
    await connectFrom(page, "Calendar");
    await page.getByRole("button", { name: "Add another" }).click();
    await answerConsent(page);
    await page.getByText("2 accounts connected").waitFor();
    await expect.poll(() => page.getByRole("heading", { level: 3 }).count()).toBe(2);
    expect(await look(page, "connector-several")).toEqual([]);
  });
});
