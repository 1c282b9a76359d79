import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { APP_ORIGIN } from "../../test/support/https-gateway.ts";
import { createPageWindow, type PageWindow } from "../../test/support/page-window.ts";
import { type PopupGateway, sentBack, startPopupGateway } from "../../test/support/popup-gateway.ts";

let popups: PopupGateway;
/** The victim's browser. */
let page: PageWindow;
let url: string;
beforeEach(async () => {
  popups = await startPopupGateway();
  ({ url } = popups);
  page = createPageWindow({ origin: APP_ORIGIN, gateway: url, certificate: popups.gateway.certificate });
});
afterEach(async () => {
  await page.close();
  await popups.gateway.close();
});

describe("the popup of xkit.js", () => {
  it("signs in no user by a link that no page opened", async () => {
    const token = await popups.createOneTimeToken();
    const popup = await page.visit(popups.addressWith(token), null);
    expect(popup.text()).toContain("not opened by one of the app's pages");
    expect(page.cookies()).toEqual([]);
    expect((await popups.redeem(token)).status).toBe(204);
  });

  it("signs in no user for a page of another origin, whatever opener it names", async () => {
    const token = await popups.createOneTimeToken();
    for (const named of [APP_ORIGIN, "https://evil.example", "", "null", `${APP_ORIGIN}.evil.example`])
      await page.visit(popups.addressWith(token, named), "https://evil.example");
    expect(page.cookies()).toEqual([]);
  });

  it("does not use the token up when it is only fetched", async () => {
    const token = await popups.createOneTimeToken();
    const answer = await popups.fetchPage(popups.addressWith(token), { referer: `${APP_ORIGIN}/settings` });
    expect(answer.status).toBe(200);
    expect(answer.headers.getSetCookie()).toEqual([]);
    expect((await popups.redeem(token)).status).toBe(204);
  });

  it("has its script only in a navigation from the named origin or from the gateway", async () => {
    const address = popups.addressWith(await popups.createOneTimeToken());
    const statusWith = async (headers: Record<string, string>) => (await popups.fetchPage(address, headers)).status;
    expect(await statusWith({})).toBe(403);
    expect(await statusWith({ referer: "https://evil.example/" })).toBe(403);
    expect(await statusWith({ referer: "https://evil.example/?https://app.example.com/" })).toBe(403);
    expect(await statusWith({ "sec-fetch-site": "cross-site" })).toBe(403);
    expect(await statusWith({ "sec-fetch-site": "none" })).toBe(403);
    expect(await statusWith({ referer: `${APP_ORIGIN}/` })).toBe(200);
    expect(await statusWith({ "sec-fetch-site": "same-origin" })).toBe(200);
  });

  it("tells its opener the error, and closes", async () => {
    const token = await popups.createOneTimeToken();
    await popups.redeem(token);
    const told: unknown[] = [];
    const window: { addEventListener?(type: string, listener: (event: { data: unknown }) => void): void } = page.globals.window;
    window.addEventListener?.("message", ({ data }) => void told.push(data));
    const popup = await page.visit(popups.addressWith(token), APP_ORIGIN);
    expect(popup.closed).toBe(true);
    await expect.poll(() => told).toEqual([{ error: expect.stringContaining("waited too long") }]);
  });

  it("stays open and explains a disallowed origin of its opener, to which it sends nothing", async () => {
    const opening = (openerOrigin: string) => `${url}/authorizations/loading?${new URLSearchParams({ opener_origin: openerOrigin })}`;
    const told: unknown[] = [];
    const forgotten = createPageWindow({ origin: "http://localhost:3333", gateway: url, certificate: popups.gateway.certificate });
    const window: { addEventListener?(type: string, listener: (event: { data: unknown }) => void): void } = forgotten.globals.window;
    window.addEventListener?.("message", ({ data }) => void told.push(data));
    const popup = await forgotten.visit(opening("http://localhost:3333"), "http://localhost:3333");
    expect(popup.text()).toMatch(/^http:\/\/localhost:3333 is not one of the platform's web origins\. Add it to web_origins/);
    const other = await forgotten.visit(opening("any words"), "http://localhost:3333");
    expect(other.text()).toMatch(/^The page that opened this window is not one of/);
    expect([popup.closed, other.closed, told]).toEqual([false, false, []]);
    await forgotten.close();
  });

  it("takes the origin from a valid Referer where xkit.js names none, and otherwise says that xkit.js is too old", async () => {
    for (const path of ["/authorizations/loading", `/authorizations/test/loading?token=${await popups.createOneTimeToken("ada")}`]) {
      const loaded = await popups.fetchPage(`${url}${path}`, { referer: `${APP_ORIGIN}/settings` });
      expect(loaded.status).toBe(200);
      expect(await loaded.text()).toContain(`data-opener-origin="${APP_ORIGIN}"`);
      for (const headers of [{}, { referer: "https://evil.example/" }]) {
        const refused = await popups.fetchPage(`${url}${path}`, headers);
        expect(refused.status).toBe(403);
        expect(await refused.text()).toMatch(/<p role="status"[^>]*>The xkit.js of the page that opened this window is too old/);
      }
    }
  });

  it("sends a Referer only where its address holds no secret", async () => {
    const policyOf = async (path: string) =>
      (await popups.fetchPage(`${url}${path}`, { referer: `${APP_ORIGIN}/` })).headers.get("referrer-policy");
    const query = `opener_origin=${APP_ORIGIN}`;
    expect(await policyOf(`/authorizations/loading?${query}`)).toBe("strict-origin-when-cross-origin");
    for (const path of [
      `/authorizations/loading?${query}&token=x`,
      `/authorizations/test/loading?${query}&token=x`,
      "/authorizations/done",
    ])
      expect(await policyOf(path)).toBe("no-referrer");
  });

  it("allows scripts and styles by hash alone", async () => {
    const pages = [
      `${url}/authorizations/loading?opener_origin=${APP_ORIGIN}`,
      `${url}/authorizations/done`,
      popups.addressWith("x", '"><script>'),
    ];
    for (const address of pages) {
      const answer = await popups.fetchPage(address);
      const policy = answer.headers.get("content-security-policy") ?? "";
      expect(policy).toContain("default-src 'none'");
      expect(policy).not.toContain("unsafe");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(await answer.text()).not.toContain('"><script>');
      expect(answer.headers.get("cache-control")).toBe("no-store");
    }
  });

  it("names the signed-in user at the end, with a button to sign out", async () => {
    const done = `${url}/authorizations/done`;
    const answer = await popups.fetchPage(done, { cookie: sentBack(await popups.redeem(await popups.createOneTimeToken("ada"))) });
    expect(await answer.text()).toMatch(/Signed in as ada[^]*action="\/sign-out"/);
    expect(answer.headers.get("content-security-policy")).toContain("form-action 'self'");
    expect(answer.headers.get("referrer-policy")).toBe("same-origin");
    expect(await (await popups.fetchPage(done)).text()).not.toContain("Signed in as");
  });

  it("goes to the address that its opener sends by message", async () => {
    const popup = await page.visit(`${url}/authorizations/loading?opener_origin=${APP_ORIGIN}`, APP_ORIGIN);
    popup.postMessage({ location: "javascript:alert(1)" }, url);
    popup.postMessage({ location: popups.addressWith(await popups.createOneTimeToken("ada")) }, url);
    await expect.poll(() => page.cookies()).toContain(popups.gateway.cookies.session.name);
    expect(popup.visited).toHaveLength(2);
  });
});
