/** The catalog's pages where there is nothing to show, or not yet, or no more. */
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type Acme, look, startAcme } from "../../test/support/client/catalog-pages.ts";

vi.setConfig({ testTimeout: 60_000 });

let acme: Acme;
beforeAll(async () => void (acme = await startAcme()));
afterAll(() => acme.stop());

test("show the shape of what is loading", async () => {
  const { page, context } = await acme.open("/?close");
  await context.route("**/graphql", () => new Promise(() => {}));
  await page.goto(acme.gateway.url);
  await page.getByRole("status", { name: "Loading the integrations" }).waitFor();
  expect(await look(page, "list-loading")).toEqual([]);
  await page.goto(`${acme.gateway.url}/connectors/calendar`);
  await page.getByRole("status", { name: "Loading the integration" }).waitFor();
  expect(await look(page, "connector-loading")).toEqual([]);
});

test("show a connector to those who are not signed in, with the way to", async () => {
  const { page } = await acme.open("/connectors/calendar");
  await page.getByText("Sign in to connect Calendar.").waitFor();
  await page.getByText("Writes meetings that you plan here").waitFor();
  expect(await page.getByRole("link", { name: "Sign in" }).getAttribute("href")).toBe(
    `${acme.gateway.url}/sign-in?${new URLSearchParams({ returnTo: `${acme.gateway.url}/connectors/calendar` })}`,
  );
  expect(await page.getByRole("button").count()).toBe(0);
  expect(await look(page, "connector-signed-out")).toEqual([]);
});

test("say that there is nothing to connect yet", async () => {
  const { page, context } = await acme.open("/?close");
  await context.route("**/graphql", async (route) => {
    const response = await route.fetch();
    const { data, ...rest } = await response.json();
    await route.fulfill({ response, json: { ...rest, data: data?.connectors ? { ...data, connectors: [] } : data } });
  });
  await page.goto(acme.gateway.url);
  await page.getByText("Nothing to connect yet.").waitFor();
  expect(await look(page, "list-empty")).toEqual([]);
});

test("say that they are offline, and that there is no such integration", async () => {
  const { page, context } = await acme.open("/connectors/nothing");
  await page.getByRole("heading", { name: "There is no such integration." }).waitFor();
  expect(await look(page, "connector-unknown")).toEqual([]);
  await context.setOffline(true);
  await expect.poll(() => page.getByText("You are offline.").count()).toBe(1);
  expect(await look(page, "offline")).toEqual([]);
});

test("speak the language that the browser prefers", async () => {
  const { page, context, complaints } = await acme.open("/connectors/calendar", { locale: "de-AT", userId: "viennese" });
  await page.getByText("Nicht verbunden").waitFor();
  expect(await page.evaluate(() => document.documentElement.lang)).toBe("de");
  await context.setOffline(true);
  await page.getByText("Sie sind offline.").waitFor();
  expect(complaints).toEqual([]);
});

test.each([
  ["/", "heading", 3],
  ["/connectors/calendar", "button", undefined],
] as const)("keep what they show at %s while reading it again fails", async (path, role, level) => {
  const { page, context } = await acme.open(path, { userId: "reader" });
  const shown = page.locator("main").getByRole(role, level && { level });
  await shown.first().waitFor();
  const before = await shown.allTextContents();
  await context.setOffline(true);
  const failed = page.waitForEvent("requestfailed", (request) => request.postData()?.match(/query (CatalogList|Connector)\b/) != null);
  await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
  await failed;
  if (path === "/") await page.getByRole("alert").waitFor();
  expect((await shown.allTextContents()).filter((text) => text !== "Try again")).toEqual(before);
  await context.setOffline(false);
  await page.getByRole("alert").waitFor({ state: "detached" });
  expect(await shown.allTextContents()).toEqual(before);
});

test.each(["/", "/connectors/calendar"])("offer to try again when the gateway does not answer at %s", async (path) => {
  const { page, context } = await acme.open("/?close");
  // The page may find out that no user is signed in: it would otherwise try again by itself.
  await context.route("**/graphql", (route) => (route.request().postData()?.includes("query ") ? route.abort() : route.continue()));
  await page.goto(`${acme.gateway.url}${path}`);
  await page.getByText("The server does not answer.").waitFor();
  expect(await look(page, path === "/" ? "list-no-answer" : "connector-no-answer")).toEqual([]);
  await context.unroute("**/graphql");
  await page.getByRole("button", { name: "Try again" }).click();
  await expect.poll(() => page.getByRole("heading", { name: "Calendar", exact: true }).count()).toBe(1);
  await page.getByText("Back to Acme").waitFor();
});

test("say that the gateway is older than the app, where it lacks a field that is asked for", async () => {
  const { page, context } = await acme.open("/?close");
  await context.route("**/graphql", (route) =>
    route.continue({ postData: route.request().postData()?.replace("categories", "fieldOfALaterVersion") ?? "" }),
  );
  for (const path of ["/", "/connectors/calendar"]) {
    await page.goto(`${acme.gateway.url}${path}`);
    await page.getByText("The gateway is too old for this app.").waitFor();
    await page.getByText('Cannot query field "fieldOfALaterVersion" on type "Connector".').waitFor();
  }
});

test("are named after what they show, and take the focus to it when one comes back", async () => {
  const { page } = await acme.open("/");
  await expect.poll(() => page.title()).toBe("Integrations · Acme");
  const focused = () => page.evaluate(() => document.activeElement?.textContent);
  await page.getByRole("heading", { name: "Calendar", exact: true }).waitFor();
  expect(await page.evaluate(() => document.activeElement === document.body)).toBe(true);
  await page.getByRole("link", { name: /^Calendar/ }).click();
  await expect.poll(() => page.title()).toBe("Calendar · Acme");
  await expect.poll(focused).toBe("Calendar");
  await page.getByRole("link", { name: "All integrations" }).click();
  await expect.poll(() => page.title()).toBe("Integrations · Acme");
  await expect.poll(focused).toBe("Integrations");
});

test("take a badly encoded address for an integration that does not exist", async () => {
  const { page, complaints } = await acme.open("/connectors/100%");
  await page.getByRole("heading", { name: "There is no such integration." }).waitFor();
  expect(complaints.filter((text) => !/40[01]/.test(text))).toEqual([]);
});

test("say what to do when they fail", async () => {
  const { page, context } = await acme.open("/?close");
  await context.route("**/graphql", async (route) => {
    const isList = route.request().postData()?.includes("query CatalogList") === true;
    await (isList ? route.fulfill({ json: { data: { connectors: [null] } } }) : route.continue());
  });
  await page.goto(acme.gateway.url);
  await page.getByRole("heading", { name: "Something went wrong." }).waitFor();
  expect(await look(page, "failed")).toEqual([]);
  await context.unroute("**/graphql");
  await page.getByRole("button", { name: "Reload" }).click();
  await page.getByRole("heading", { name: "Calendar", exact: true }).waitFor();
});

test("show the platform's logo, and its initial where that does not load", async () => {
  const logoUrl = "https://logo.example/acme.svg";
  const other = await startAcme({ platform: { name: "Acme", website: null, logoUrl } });
  const { page, context } = await other.open("/?close");
  const logo = page.locator(`img[src="${logoUrl}"]`);
  const body = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"/>';
  await context.route(logoUrl, (route) => route.fulfill({ contentType: "image/svg+xml", body }));
  await page.goto(other.gateway.url);
  await logo.waitFor();
  await expect.poll(() => logo.evaluate((image) => image instanceof HTMLImageElement && image.naturalWidth)).toBe(40);
  await context.unroute(logoUrl);
  await context.route(logoUrl, (route) => route.abort());
  await page.reload();
  await page.locator("header").getByText("A", { exact: true }).waitFor();
  expect(await logo.count()).toBe(0);
  await other.stop();
});

test("say that a popup is done where the browser does not let it close", async () => {
  const { page } = await acme.open("/");
  await page.goto(`${acme.gateway.url}/connectors/calendar?close=1`);
  await page.getByText("You can close this window.").waitFor();
  expect(await look(page, "popup-done")).toEqual([]);
});
