/** The code that a user enters at the provider, in the catalog's dialog and on the gateway's own page. */
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { type AuthorizationServer, startAuthorizationServer } from "../../test/support/authorization-server.ts";
import { type Acme, look, startAcme } from "../../test/support/client/catalog-pages.ts";

vi.setConfig({ testTimeout: 60_000 });

let provider: AuthorizationServer;
let acme: Acme;
beforeAll(async () => {
  provider = await startAuthorizationServer();
  const { providerFacts, client } = provider;
  const device = { ...providerFacts, kind: "device", device_authorization_endpoint: `${provider.url}/device` };
  const tv = { slug: "tv", name: "TV", provider: device, client_id: client.clientId, client_secret: client.clientSecret, scopes: ["read"] };
  acme = await startAcme({ connectors: [tv] });
});
beforeEach(() => provider.controls.devices.next({ answer: { interval: 1 } }));
afterAll(async () => {
  await acme.stop();
  await provider.close();
});

const CODE = "WDJB-MJHT";

test("the dialog shows the code and where to enter it, and ends by itself once the user has agreed", async () => {
  const { page, complaints } = await acme.open("/connectors/tv", { userId: "dialog" });
  await page.getByRole("button", { name: "Connect TV" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText(CODE).waitFor();
  const link = dialog.getByRole("link", { name: /^Open 127\.0\.0\.1/ });
  expect(await link.getAttribute("href")).toBe(`${provider.url}/enter?user_code=${CODE}`);
  expect([await link.getAttribute("target"), await link.getAttribute("rel")]).toEqual(["_blank", "noopener noreferrer"]);
  expect(await look(page, "device-dialog")).toEqual([]);
  provider.controls.devices.approve();
  await page.getByText("Connected as user-1@example.test").waitFor();
  expect(await dialog.count()).toBe(0);
  expect(complaints).toEqual([]);
});

test("the dialog ends with the code, and the next one is a click away", async () => {
  const { page } = await acme.open("/connectors/tv", { userId: "late" });
  await page.getByRole("button", { name: "Connect TV" }).click();
  await page.getByRole("dialog").getByText(CODE).waitFor();
  provider.controls.devices.expire();
  await page.getByText("The code for TV was not entered in time.").waitFor();
  expect(await look(page, "device-expired")).toEqual([]);
  await page.getByRole("button", { name: "Connect TV" }).click();
  await page.getByRole("dialog").getByText(CODE).waitFor();
});

test("the dialog can be left, and says nothing of it", async () => {
  const { page } = await acme.open("/connectors/tv", { userId: "leaving" });
  await page.getByRole("button", { name: "Connect TV" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
  await expect.poll(() => page.getByRole("dialog").count()).toBe(0);
  expect(await page.getByRole("alert").count()).toBe(0);
});

test("the gateway's page shows the code, and goes on by itself once the user has agreed", async () => {
  const { page, complaints } = await acme.open("/connect/tv?returnTo=/connectors/tv", { userId: "page" });
  await page.getByText(CODE).waitFor();
  expect(await look(page, "device-page")).toEqual([]);
  provider.controls.devices.approve();
  await page.getByText("Connected as user-1@example.test").waitFor();
  expect(complaints).toEqual([]);
});

test("the gateway's page says by itself that the user has said no", async () => {
  const { page } = await acme.open("/connect/tv", { userId: "page-denied" });
  await page.getByText(CODE).waitFor();
  provider.controls.devices.deny();
  await page.getByText("Access to TV was not granted.").waitFor();
  expect(await look(page, "device-page-denied")).toEqual([]);
});
