/** The catalog's pages where there is nothing to show, or not yet, or no more. */
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type Acme, look, startAcme } from "../testing/catalog-pages.ts";

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
  expect(await page.getByRole("link", { name: "Sign in" }).getAttribute("href")).toBe(`${acme.gateway.url}/sign-in`);
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

test.each([
  ["/", "heading", 2],
  ["/connectors/calendar", "button", undefined],
] as const)("keep what they show at %s while reading it again fails", async (path, role, level) => {
  const { page, context } = await acme.open(path, { userId: "reader" });
  const shown = page.locator("main").getByRole(role, level && { level });
  await shown.first().waitFor();
  const before = await shown.allTextContents();
  await context.setOffline(true);
  const failed = page.waitForEvent("requestfailed", (request) => request.postData()?.includes("query Connector") === true);
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
  await context.route("**/graphql", (route) => route.abort());
  await page.goto(`${acme.gateway.url}${path}`);
  await page.getByText("There is no answer.").waitFor();
  expect(await look(page, path === "/" ? "list-no-answer" : "connector-no-answer")).toEqual([]);
  await context.unroute("**/graphql");
  await page.getByRole("button", { name: "Try again" }).click();
  await expect.poll(() => page.getByRole("heading", { name: "Calendar", exact: true }).count()).toBe(1);
  await page.getByText("Back to Acme").waitFor();
});

test("say that a popup is done where the browser does not let it close", async () => {
  const { page } = await acme.open("/");
  await page.goto(`${acme.gateway.url}/connectors/calendar?close=1`);
  await page.getByText("You can close this window.").waitFor();
  expect(await look(page, "popup-done")).toEqual([]);
});
