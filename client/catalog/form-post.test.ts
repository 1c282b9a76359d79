/** A provider of another site that sends the browser back by POST (OAuth 2.0 Form Post Response Mode). */
import { createServer } from "node:http";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type Acme, startAcme } from "../../test/support/client/catalog-pages.ts";

vi.setConfig({ testTimeout: 60_000 });

let acme: Acme;
let providerUrl = "";
/** Posts its own query to the address that the query names. */
const provider = createServer((request, response) => {
  const { callback = "", ...params } = Object.fromEntries(new URL(request.url ?? "", "http://provider").searchParams);
  const inputs = Object.entries(params).map(([name, value]) => `<input name="${name}" value="${value}">`);
  response
    .writeHead(200, { "content-type": "text/html" })
    .end(`<!doctype html><title>Provider</title><form method="post" action="${callback}">${inputs.join("")}<button>Go on</button></form>`);
});

beforeAll(async () => {
  await new Promise<void>((resolve) => provider.listen(0, "127.0.0.1", resolve));
  const address = provider.address();
  const port = typeof address === "object" ? address?.port : 0;
  acme = await startAcme();
  // Another site than the gateway's, as browsers see it.
  providerUrl = `http://${new URL(acme.gateway.url).hostname === "localhost" ? "127.0.0.1" : "localhost"}:${port}`;
});
afterAll(async () => {
  await acme.stop();
  provider.close();
});

test("a callback by POST from another site is judged with the cookies of the browser that started", async () => {
  const { page, context } = await acme.open("/", { userId: "ada" });
  const started = await context.request.get(`${acme.gateway.url}/connect/calendar`, { maxRedirects: 0 });
  const { origin: iss, searchParams } = new URL(started.headers()["location"] ?? "");
  const state = searchParams.get("state") ?? "";
  const callback = `${acme.gateway.url}/callback/calendar`;
  await page.goto(`${providerUrl}/?${new URLSearchParams({ callback, error: "access_denied", state, iss })}`);
  const posted = page.waitForRequest((request) => request.url() === callback && request.method() === "POST");
  await page.getByRole("button", { name: "Go on" }).click();
  expect((await (await posted).allHeaders())["cookie"]).toBeUndefined();
  await page.getByText("was not granted").waitFor();
  await page.getByText("Signed in as Ada").waitFor();
});
