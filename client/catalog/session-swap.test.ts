/** A page of another site tries to make its visitor's browser another user's, and to have what they connect next. */
import { createServer } from "node:http";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type Acme, look, signedInAs, startAcme } from "../../test/support/client/catalog-pages.ts";

vi.setConfig({ testTimeout: 60_000 });

let acme: Acme;
let evilUrl = "";
/** Opens what its query names in a window that it keeps hold of. */
const evil = createServer((_request, response) => {
  const script = `document.querySelector("button").onclick = () => { window.opened = window.open(new URLSearchParams(location.search).get("open")); };`;
  response
    .writeHead(200, { "content-type": "text/html" })
    .end(`<!doctype html><title>Evil</title><button>Win</button><script>${script}</script>`);
});

beforeAll(async () => {
  await new Promise<void>((resolve) => evil.listen(0, "127.0.0.1", resolve));
  const address = evil.address();
  evilUrl = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
  acme = await startAcme();
});
afterAll(async () => {
  await acme.stop();
  evil.close();
});

/** An address that signs its window in as mallory, made by mallory. */
async function signInAddress(): Promise<string> {
  const { url } = acme.gateway;
  const headers = { authorization: `Bearer ${await acme.gateway.provision("mallory")}` };
  const { ott } = await (await fetch(`${url}/api/platform_user/sessions/ott`, { method: "POST", headers })).json();
  return `/authorizations/calendar/loading?${new URLSearchParams({ opener_origin: url, token: ott })}`;
}

/** The victim is on a page of the attacker's, which opens an address of the gateway by their click. */
async function openFromEvilPage(path: string): Promise<{ popup: Page; whoIs: () => Promise<string> }> {
  const { page, context } = await acme.open("/", { userId: "victim" });
  await page.goto(`${evilUrl}/?${new URLSearchParams({ open: `${acme.gateway.url}${path}` })}`);
  const [popup] = await Promise.all([page.waitForEvent("popup"), page.getByRole("button", { name: "Win" }).click()]);
  await popup.getByRole("heading", { name: "Calendar", exact: true }).waitFor();
  const whoIs = async () => (await (await signedInAs(context, acme.gateway))("{ viewer { id } }")).viewer.id;
  return { popup, whoIs };
}

test("the catalog offers no way back that would sign its visitor in as another user", async () => {
  const { popup, whoIs } = await openFromEvilPage(`/connectors/calendar?${new URLSearchParams({ returnTo: await signInAddress() })}`);
  expect(await popup.getByRole("link", { name: /^Back to where/ }).count()).toBe(0);
  await popup.getByRole("button", { name: "Connect Calendar" }).click();
  await popup.getByText("That was not accepted.").waitFor();
  expect(await whoIs()).toBe("victim");
});

test("a window that the attacker's page has opened on the catalog is cut off from it, so that nothing is redeemed in it", async () => {
  const { popup, whoIs } = await openFromEvilPage("/connectors/calendar");
  expect(await popup.evaluate(() => window.opener)).toBeNull();
  await popup.evaluate((address) => location.assign(address), await signInAddress());
  await popup.getByText("This window belongs to another page.").waitFor();
  expect(await whoIs()).toBe("victim");
});

test("a page of the platform that brings another user asks by name first, and goes on in the popup once its user agrees", async () => {
  const { page, context } = await acme.open("/", { userId: "victim" });
  const whoIs = async () => (await (await signedInAs(context, acme.gateway))("{ viewer { id } }")).viewer.id;
  const openPopup = async () => {
    const address = await signInAddress();
    const told = page.evaluate(() => new Promise((resolve) => addEventListener("message", ({ data }) => resolve(data), { once: true })));
    const [popup] = await Promise.all([page.waitForEvent("popup"), page.evaluate((url) => void window.open(url), address)]);
    await popup.getByRole("heading", { name: "Continue as mallory?" }).waitFor();
    return { popup, told };
  };
  await page.goto(`${acme.gateway.url}/connectors/calendar?close=1`);
  const { popup: closed } = await openPopup();
  await closed.getByText("Ada (victim) is signed in in this browser").waitFor();
  expect(await look(closed, "gateway-switch-user")).toEqual([]);
  await closed.close();
  expect(await whoIs()).toBe("victim");
  const { popup, told } = await openPopup();
  await popup.getByRole("button", { name: "Continue as mallory" }).click();
  expect(await told).toBe("authWindow:ready");
  expect(await whoIs()).toBe("mallory");
});

test("every page of the catalog says who is signed in, and signs out", async () => {
  const { page, context } = await acme.open("/connectors/calendar", { userId: "leaver" });
  await page.getByText("Signed in as Ada (leaver)").waitFor();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByText("Sign in to connect Calendar.").waitFor();
  expect(await page.getByText("Signed in as").count()).toBe(0);
  expect((await context.cookies()).filter(({ name }) => name.includes("session"))).toEqual([]);
});
