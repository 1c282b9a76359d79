/** A page of another site tries to make its visitor's browser another user's, and to have what they connect next. */
import { createServer } from "node:http";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type Acme, signedInAs, startAcme } from "../testing/catalog-pages.ts";

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
