import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { APP_ORIGIN, type HttpsGateway, startHttpsGateway } from "../../test/support/https-gateway.ts";
import { createPageWindow, type PageWindow } from "../../test/support/page-window.ts";

let gateway: HttpsGateway;
/** The victim's browser. */
let page: PageWindow;
let url: string;
beforeEach(async () => {
  gateway = await startHttpsGateway();
  url = `https://${gateway.domain}`;
  page = createPageWindow({ origin: APP_ORIGIN, gateway: url, certificate: gateway.certificate });
});
afterEach(async () => {
  await page.close();
  await gateway.close();
});

async function createOneTimeToken(id = "mallory"): Promise<string> {
  const { token } = await gateway.app.provisionUser({ id });
  const headers = { authorization: `Bearer ${token}`, origin: APP_ORIGIN };
  const response = await gateway.app.fetch(new Request(`${url}/api/platform_user/sessions/ott`, { method: "POST", headers }));
  return String((await response.json()).ott);
}

const addressWith = (token: string, openerOrigin = APP_ORIGIN) =>
  `${url}/authorizations/test/loading?${new URLSearchParams({ opener_origin: openerOrigin, token }).toString()}`;

const fetchPage = (address: string, headers: Record<string, string> = {}) => gateway.app.fetch(new Request(address, { headers }));

const redeem = (token: string, origin = url, cookie = "") =>
  gateway.app.fetch(
    new Request(`${url}/authorizations/redeem`, {
      method: "POST",
      headers: { origin, cookie, "content-type": "application/json" },
      body: JSON.stringify({ token, openerOrigin: APP_ORIGIN }),
    }),
  );

const SESSION_COOKIES = ["__Host-xkit_session", "__Host-xkit_session_partitioned"];
const cookiesOf = (response: Response) => response.headers.getSetCookie().map((header) => header.split("=", 1)[0]);

it("signs nobody in by a link in a mail", async () => {
  const token = await createOneTimeToken();
  const popup = await page.visit(addressWith(token), null);
  expect(popup.text()).toContain("not opened by one of the platform's pages");
  expect(page.cookies()).toEqual([]);
  expect((await redeem(token)).status).toBe(204);
});

it("signs nobody in for a page of another origin that opens the window, whatever opener it names", async () => {
  const token = await createOneTimeToken();
  for (const named of [APP_ORIGIN, "https://evil.example", "", "null", `${APP_ORIGIN}.evil.example`])
    await page.visit(addressWith(token, named), "https://evil.example");
  expect(page.cookies()).toEqual([]);
});

it("uses no token up by a visit, so that scanners of links and previews do no harm", async () => {
  const token = await createOneTimeToken();
  const answer = await fetchPage(addressWith(token), { referer: `${APP_ORIGIN}/settings` });
  expect(answer.status).toBe(200);
  expect(answer.headers.getSetCookie()).toEqual([]);
  expect((await redeem(token)).status).toBe(204);
});

it("serves its script only to a navigation from the named origin, or from the gateway itself", async () => {
  const address = addressWith(await createOneTimeToken());
  const statusWith = async (headers: Record<string, string>) => (await fetchPage(address, headers)).status;
  expect(await statusWith({})).toBe(403);
  expect(await statusWith({ referer: "https://evil.example/" })).toBe(403);
  expect(await statusWith({ referer: "https://evil.example/?https://app.example.com/" })).toBe(403);
  expect(await statusWith({ "sec-fetch-site": "cross-site" })).toBe(403);
  expect(await statusWith({ "sec-fetch-site": "none" })).toBe(403);
  expect(await statusWith({ referer: `${APP_ORIGIN}/` })).toBe(200);
  expect(await statusWith({ "sec-fetch-site": "same-origin" })).toBe(200);
});

it("redeems a token for its own page alone, once, and for a minute", async () => {
  const token = await createOneTimeToken();
  for (const origin of ["https://evil.example", APP_ORIGIN, "null"]) expect((await redeem(token, origin)).status).toBe(403);
  const redeemed = await redeem(token);
  expect(cookiesOf(redeemed)).toEqual(SESSION_COOKIES);
  expect((await redeem(token)).status).toBe(401);
  const late = await createOneTimeToken();
  gateway.clock.advance(61_000);
  expect((await redeem(late)).status).toBe(401);
});

it("takes no token whose binding was changed or swapped", async () => {
  const [one, other] = [await createOneTimeToken(), await createOneTimeToken()];
  const [secret] = one.split(".", 1);
  const binding = other.slice(other.indexOf("."));
  for (const token of [`${secret}${binding}`, String(secret), `${one}x`, `.${one}`, "", "."])
    expect((await redeem(token)).status).toBe(401);
  expect((await redeem(one)).status).toBe(204);
});

/** What a browser sends back of what an answer has set. */
const sentBack = (response: Response) =>
  response.headers
    .getSetCookie()
    .map((header) => header.split(";", 1)[0])
    .join("; ");

it("keeps the session of the same user", async () => {
  const cookie = sentBack(await redeem(await createOneTimeToken("ada")));
  expect(cookiesOf(await redeem(await createOneTimeToken("ada"), url, cookie))).toEqual([]);
});

describe("a one-time token of another user than the one who is signed in", () => {
  /** The victim is signed in as ada, and the token is mallory's. */
  async function redeemAsAda() {
    const session = sentBack(await redeem(await createOneTimeToken("ada")));
    const token = await createOneTimeToken("mallory");
    const asked = await redeem(token, url, session);
    const { location }: { location: string } = await asked.json();
    return { session, token, asked, location, cookie: `${session}; ${sentBack(asked)}` };
  }
  const agree = (location: string, cookie: string, origin = url) =>
    gateway.app.fetch(new Request(location, { method: "POST", headers: { origin, cookie } }));
  const whoIs = async (cookie: string) => /Signed in as ([^<]*)/.exec(await (await fetchPage(`${url}/sign-in`, { cookie })).text())?.[1];

  it("is used up, and signs nobody in before they have agreed, by name", async () => {
    const { session, token, asked, location, cookie } = await redeemAsAda();
    expect(asked.status).toBe(200);
    expect(cookiesOf(asked)).toEqual(["__Host-xkit_hand_over"]);
    expect(asked.headers.getSetCookie()[0]).toContain("Max-Age=600;");
    expect(location.startsWith(`${url}/authorizations/switch?`)).toBe(true);
    const question = await fetchPage(location, { cookie });
    const page = await question.text();
    expect(page).toContain("Go on as mallory?");
    expect(page).toContain("ada is signed in in this browser");
    expect(question.headers.getSetCookie()).toEqual([]);
    expect(question.headers.get("cross-origin-opener-policy")).toBeNull();
    expect((await redeem(token, url)).status).toBe(401);
    expect(await whoIs(session)).toBe("ada");
  });

  it("signs in once they have agreed, ends the other session, and goes on in the popup", async () => {
    const { session, location, cookie } = await redeemAsAda();
    const agreed = await agree(location, cookie);
    expect(agreed.status).toBe(303);
    expect(agreed.headers.get("location")).toBe(`/authorizations/loading?opener_origin=${encodeURIComponent(APP_ORIGIN)}`);
    expect(cookiesOf(agreed)).toEqual([...SESSION_COOKIES, "__Host-xkit_hand_over"]);
    expect(await whoIs(sentBack(agreed))).toBe("mallory");
    expect(await whoIs(session)).toBeUndefined();
  });

  it("is good for one answer, in ten minutes, from the page that asks, in this browser alone", async () => {
    const first = await redeemAsAda();
    for (const origin of ["https://evil.example", APP_ORIGIN, "null"])
      expect((await agree(first.location, first.cookie, origin)).status).toBe(403);
    expect((await agree(first.location, first.session)).status).toBe(401);
    expect((await agree(first.location, first.cookie)).status).toBe(303);
    expect((await agree(first.location, first.cookie)).status).toBe(401);
    const late = await redeemAsAda();
    gateway.clock.advance(600_000);
    expect((await agree(late.location, late.cookie)).status).toBe(401);
  });

  it("is of no other kind: neither is redeemed for the other", async () => {
    const { asked, location, session } = await redeemAsAda();
    const pending = sentBack(asked).split("=")[1] ?? "";
    expect((await redeem(pending)).status).toBe(401);
    const token = await createOneTimeToken("mallory");
    expect((await agree(location, `${session}; __Host-xkit_hand_over=${token}`)).status).toBe(401);
    expect((await redeem(token)).status).toBe(204);
  });
});

it("binds the popup to what its page has started, by a secret of its own, and to nothing else", async () => {
  const { token } = await gateway.app.provisionUser({ id: "ada" });
  const headers = { authorization: `Bearer ${token}`, origin: APP_ORIGIN, "content-type": "application/json" };
  const start = async () => {
    const init = { method: "POST", headers, body: "{}" };
    const started = await gateway.app.fetch(new Request(`${url}/api/platform_user/connections/test`, init));
    const { connection } = await started.json();
    gateway.clock.advance(1);
    return {
      cookies: started.headers.getSetCookie().map((header) => header.split(";", 1)[0] ?? ""),
      href: connection.authorization.authorize_url,
    };
  };
  const [other, wanted] = [await start(), await start()];
  const redeemed = await redeem(await createOneTimeToken("ada"));
  const [session = "", , binding = "", ...rest] = redeemed.headers.getSetCookie().map((header) => header.split(";", 1)[0] ?? "");
  expect(rest).toEqual([]);
  expect(binding.split("=")[0]).toBe(wanted.cookies[0]?.split("=")[0]);
  expect(wanted.cookies).not.toContain(binding);
  const callbackOf = async ({ href }: { href: string }) => (await gateway.provider.authorize(href)).href;
  const visit = async (href: string, cookies: string[]) => (await fetchPage(href, { cookie: cookies.join("; ") })).status;
  expect(await visit(await callbackOf(other), [session, binding])).toBe(403);
  const callback = await callbackOf(wanted);
  expect(await visit(callback, [session, ...wanted.cookies])).toBe(403);
  expect(await visit(callback, [session, binding])).toBe(303);
});

it("signs in no longer than connecting may take, since the page's logout may not reach the popup's session", async () => {
  const headers = (await redeem(await createOneTimeToken("ada"))).headers.getSetCookie();
  expect(headers[0]).toContain("Max-Age=600;");
  const cookie = headers.map((header) => header.split(";", 1)[0]).join("; ");
  const statusOf = async () => (await fetchPage(`${url}/connect/test`, { cookie })).status;
  expect(await statusOf()).toBe(303);
  gateway.clock.advance(600_000);
  expect(await statusOf()).toBe(401);
});

it("tells its opener what went wrong, and closes", async () => {
  const token = await createOneTimeToken();
  await redeem(token);
  const told: unknown[] = [];
  const window: { addEventListener?(type: string, listener: (event: { data: unknown }) => void): void } = page.globals.window;
  window.addEventListener?.("message", ({ data }) => void told.push(data));
  const popup = await page.visit(addressWith(token), APP_ORIGIN);
  expect(popup.closed).toBe(true);
  await expect.poll(() => told).toEqual([{ error: expect.stringContaining("waited too long") }]);
});

it("stays open and says in a sentence what is missing where its opener's origin is not allowed, and tells nobody", async () => {
  const opening = (openerOrigin: string) => `${url}/authorizations/loading?${new URLSearchParams({ opener_origin: openerOrigin })}`;
  const told: unknown[] = [];
  const forgotten = createPageWindow({ origin: "http://localhost:3333", gateway: url, certificate: gateway.certificate });
  const window: { addEventListener?(type: string, listener: (event: { data: unknown }) => void): void } = forgotten.globals.window;
  window.addEventListener?.("message", ({ data }) => void told.push(data));
  const popup = await forgotten.visit(opening("http://localhost:3333"), "http://localhost:3333");
  expect(popup.text()).toMatch(/^http:\/\/localhost:3333 is not one of the platform's web origins: add it to web_origins/);
  const other = await forgotten.visit(opening("any words"), "http://localhost:3333");
  expect(other.text()).toMatch(/^The page that opened this window is not one of/);
  expect([popup.closed, other.closed, told]).toEqual([false, false, []]);
  await forgotten.close();
});

it("takes the origin of a valid Referer where an xkit.js as old as 3.4.2 names none, and else says that it is too old", async () => {
  for (const path of ["/authorizations/loading", `/authorizations/test/loading?token=${await createOneTimeToken("ada")}`]) {
    const loaded = await fetchPage(`${url}${path}`, { referer: `${APP_ORIGIN}/settings` });
    expect(loaded.status).toBe(200);
    expect(await loaded.text()).toContain(`data-opener-origin="${APP_ORIGIN}"`);
    for (const headers of [{}, { referer: "https://evil.example/" }]) {
      const refused = await fetchPage(`${url}${path}`, headers);
      expect(refused.status).toBe(403);
      expect(await refused.text()).toMatch(/<p role="status">The xkit.js of the page that opened this window is too old/);
    }
  }
});

it("lets WebKit say who opened the window where the page's address holds no secret, and there alone", async () => {
  const policyOf = async (path: string) => (await fetchPage(`${url}${path}`, { referer: `${APP_ORIGIN}/` })).headers.get("referrer-policy");
  const query = `opener_origin=${APP_ORIGIN}`;
  expect(await policyOf(`/authorizations/loading?${query}`)).toBe("strict-origin-when-cross-origin");
  for (const path of [`/authorizations/loading?${query}&token=x`, `/authorizations/test/loading?${query}&token=x`, "/authorizations/done"])
    expect(await policyOf(path)).toBe("no-referrer");
});

it("names every script and style by hash, and lets nothing else run", async () => {
  const pages = [`${url}/authorizations/loading?opener_origin=${APP_ORIGIN}`, `${url}/authorizations/done`, addressWith("x", '"><script>')];
  for (const address of pages) {
    const answer = await fetchPage(address);
    const policy = answer.headers.get("content-security-policy") ?? "";
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain("unsafe");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(await answer.text()).not.toContain('"><script>');
    expect(answer.headers.get("cache-control")).toBe("no-store");
  }
});

it("says at the end who is signed in, with a way to sign out", async () => {
  const done = `${url}/authorizations/done`;
  const answer = await fetchPage(done, { cookie: sentBack(await redeem(await createOneTimeToken("ada"))) });
  expect(await answer.text()).toMatch(/Signed in as ada[^]*action="\/sign-out"/);
  expect(answer.headers.get("content-security-policy")).toContain("form-action 'self'");
  expect(answer.headers.get("referrer-policy")).toBe("same-origin");
  expect(await (await fetchPage(done)).text()).not.toContain("Signed in as");
});

it("goes on where the opener says by message, as Electron needs it", async () => {
  const popup = await page.visit(`${url}/authorizations/loading?opener_origin=${APP_ORIGIN}`, APP_ORIGIN);
  popup.postMessage({ location: "javascript:alert(1)" }, url);
  popup.postMessage({ location: addressWith(await createOneTimeToken("ada")) }, url);
  await expect.poll(() => page.cookies()).toContain("__Host-xkit_session");
  expect(popup.visited).toHaveLength(2);
});
