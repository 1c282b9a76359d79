/** The page that shows the code which the user enters at the provider. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createBrowser } from "../../test/support/browser.ts";
import { alertOf, connectionOf } from "../../test/support/connecting.ts";
import { PATIENCE } from "../../test/support/patience.ts";
import { PUBLIC_URL, startTestApp, type TestApp, type TestUser } from "../../test/support/test-app.ts";

let test: TestApp;
let ada: TestUser;
beforeEach(async () => {
  test = await startTestApp({ facts: (url) => ({ kind: "device", device_authorization_endpoint: `${url}/device` }) });
  ada = await test.signIn();
});
afterEach(() => test.close());

/** Starts, and answers the address of the page. */
async function start(query = ""): Promise<string> {
  const response = await ada.browser.fetch(`/connect/test${query}`);
  expect(response.status).toBe(303);
  return response.headers.get("location") ?? "";
}

const statusOf = (page: string) => page.replace("/connect/test?", "/connect/test/status?");

const untilStatus = (page: string, status: number) =>
  vi.waitFor(async () => {
    test.clock.advance(1_000);
    expect((await ada.browser.fetch(statusOf(page))).status).toBe(status);
  }, PATIENCE);

describe("the page with the code", () => {
  it("shows it, where it is entered, and how long it works", async () => {
    const response = await ada.browser.fetch(await start());
    const text = await response.text();
    expect(response.status).toBe(200);
    expect(text).toContain("<code>WDJB-MJHT</code>");
    expect(text).toMatch(new RegExp(`href="${test.provider.url}/enter\\?user_code=WDJB-MJHT" target="_blank" rel="noopener noreferrer"`));
    expect(text.replaceAll(/\s+/g, " ")).toContain("works for 10 minutes");
    expect(response.headers.get("content-security-policy")).toMatch(/script-src 'sha256-[^']+'; connect-src 'self';/);
    expect(response.headers.get("cache-control")).toContain("no-store");
  });

  it("names the page where the code is typed, where no link holds it", async () => {
    test.provider.controls.devices.next({
      answer: { verification_uri: "https://as.example/device", verification_uri_complete: undefined },
    });
    const text = await (await ada.browser.fetch(await start())).text();
    expect(text).toContain("Enter this code at as.example/device");
    expect(text).toContain('href="https://as.example/device" target="_blank"');
  });

  it("writes a hostile code and address as text", async () => {
    const [user_code, verification_uri] = ['<b>"x"</b>', 'https://as.example/"><script>alert(1)</script>'];
    test.provider.controls.devices.next({ answer: { user_code, verification_uri, verification_uri_complete: undefined } });
    const text = await (await ada.browser.fetch(await start())).text();
    expect(text).toContain("&lt;b&gt;&quot;x&quot;&lt;/b&gt;");
    expect(text).not.toMatch(/<b>|<script>alert/);
  });

  it("goes on to where the user came from once the user has agreed", async () => {
    const page = await start("?returnTo=/connectors/test");
    expect((await ada.browser.fetch(statusOf(page))).status).toBe(204);
    test.provider.controls.devices.approve();
    await untilStatus(page, 200);
    const response = await ada.browser.fetch(page);
    expect([response.status, response.headers.get("location")]).toEqual([303, `${PUBLIC_URL}/connectors/test`]);
    expect(await connectionOf(ada)).toMatchObject({ enabled: true, authorization: { status: "ACTIVE" } });
  });

  it("names both accounts, where the user agreed with another one than before", async () => {
    await test.close();
    test = await startTestApp({
      facts: (url) => ({ kind: "device", device_authorization_endpoint: `${url}/device` }),
      connector: { supports_multiple_connections: false },
    });
    ada = await test.signIn();
    let page = "";
    for (const id of ["one", "two"]) {
      test.provider.controls.account = { id, label: `${id}@example.test` };
      page = await start();
      test.provider.controls.devices.approve();
      await untilStatus(page, 200);
    }
    expect(await (await ada.browser.fetch(page)).text()).toContain(
      "another Test account than before: two@example.test, not one@example.test.",
    );
  });

  it("says whose account is connected, where the user came from nowhere", async () => {
    const page = await start();
    test.provider.controls.devices.approve();
    await untilStatus(page, 200);
    const text = await (await ada.browser.fetch(page)).text();
    expect(text).toContain("Test is connected");
    expect(text).toContain("Connected as user-1@example.test.");
  });

  it("says that the user has said no, and leads to another try", async () => {
    const page = await start();
    test.provider.controls.devices.deny();
    await untilStatus(page, 200);
    const response = await ada.browser.fetch(page);
    expect(response.status).toBe(400);
    expect(await response.text()).toMatch(/role="status">Access to Test was not granted\./);
  });

  it("offers a new code once this one has ended", async () => {
    const page = await start();
    test.provider.controls.devices.expire();
    await untilStatus(page, 200);
    const text = await (await ada.browser.fetch(page)).text();
    expect(text).toContain("The code for Test was not entered in time. Get a new code to continue.");
    const [, again = ""] = /class="button" href="([^"]*)"/.exec(text) ?? [];
    const next = await ada.browser.fetch(again, { headers: { "sec-fetch-site": "same-origin" } });
    expect(await (await ada.browser.fetch(next.headers.get("location") ?? "")).text()).toContain("<code>WDJB-MJHT</code>");
  });

  it("says so at once where the time is over and nothing was heard of the provider", async () => {
    const page = await start();
    test.provider.controls.always("hang");
    test.clock.advance(600_000);
    const fresh = await test.signIn();
    expect([403, 400]).toContain((await fresh.browser.fetch(page)).status);
    expect(await alertOf(await ada.browser.fetch(page))).toContain("not entered in time");
    test.provider.controls.release();
  });

  it("is shown in the browser alone that asked for the code, to its user", async () => {
    const page = await start();
    const eve = await test.signIn("eve");
    for (const browser of [eve.browser, createBrowser(test.app, PUBLIC_URL)])
      for (const path of [page, statusOf(page)]) {
        const response = await browser.fetch(path);
        expect(response.status).toBe(403);
        expect(await response.text()).not.toContain("WDJB");
      }
    await ada.browser.signIn(await eve.bearer());
    expect((await ada.browser.fetch(page)).status).toBe(403);
  });

  it("asks first when another site sent the user, and asks for no code", async () => {
    const response = await ada.browser.fetch("/connect/test", { headers: { "sec-fetch-site": "cross-site" } });
    expect(await response.text()).toContain("Another site sent you here.");
    expect(test.provider.controls.devices.requests).toEqual([]);
  });

  it("is not there where the provider gives no code, and the user is told why", async () => {
    test.provider.controls.devices.next({ status: 400, body: { error: "unauthorized_client", error_description: "They said <b>no</b>" } });
    const response = await ada.browser.fetch("/connect/test");
    const text = await response.text();
    expect(response.status).toBe(400);
    expect(text).toContain("Test does not allow this app to connect.");
    expect(text).not.toContain("They said");
  });

  it("says why there is no code, where a form came first", async () => {
    await test.close();
    test = await startTestApp({
      facts: (url) => ({
        kind: "device",
        device_authorization_endpoint: `${url}/device?tenant={tenant}`,
        variables: [{ name: "tenant", label: "Tenant", may: "path" }],
      }),
    });
    ada = await test.signIn();
    const form = await start();
    test.provider.controls.devices.next({ status: 400, body: { error: "unauthorized_client" } });
    const headers = { origin: PUBLIC_URL, "content-type": "application/x-www-form-urlencoded" };
    const sent = await ada.browser.fetch(form, { method: "POST", headers, body: new URLSearchParams({ tenant: "acme" }) });
    const response = await ada.browser.fetch(sent.headers.get("location") ?? "");
    expect(response.status).toBe(400);
    expect(await response.text()).toContain("Test does not allow this app to connect.");
  });

  it.each(["/connect/test?state=short", `/connect/test?state=${"x".repeat(43)}`, `/connect/test/status?state=${"x".repeat(43)}`])(
    "is refused with 404 at %s",
    async (path) => {
      expect((await ada.browser.fetch(path)).status).toBe(404);
    },
  );
});

it("a page on another site is told the code, and its link asks by name and binds the browser that answers", async () => {
  const connect = `mutation { connect(slug: "test") { authorization { authorizeUrl deviceCode { userCode } } } }`;
  const headers = { origin: "http://localhost:5173", "sec-fetch-site": "cross-site" };
  const { authorization } = (await ada.graphql(connect, {}, headers)).data.connect;
  expect(authorization.deviceCode.userCode).toBe("WDJB-MJHT");
  expect(authorization.authorizeUrl).toContain(`${PUBLIC_URL}/continue?token=`);
  const asked = await ada.browser.fetch(authorization.authorizeUrl, { headers: { referer: "http://localhost:5173/" } });
  expect(await asked.text()).toContain("Connect Test as");
  const confirmed = await ada.browser.fetch(authorization.authorizeUrl, { method: "POST", headers: { origin: PUBLIC_URL } });
  const page = await ada.browser.fetch(confirmed.headers.get("location") ?? "");
  expect(await page.text()).toContain("<code>WDJB-MJHT</code>");
  expect(test.provider.controls.devices.requests).toHaveLength(1);
});
