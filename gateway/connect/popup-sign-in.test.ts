import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { APP_ORIGIN } from "../../test/support/https-gateway.ts";
import { type PopupGateway, sentBack, startPopupGateway } from "../../test/support/popup-gateway.ts";

let popups: PopupGateway;
let url: string;
let sessionCookies: string[];
beforeEach(async () => {
  popups = await startPopupGateway();
  ({ url } = popups);
  const { name } = popups.gateway.cookies.session;
  sessionCookies = [name, `${name}_partitioned`];
});
afterEach(() => popups.gateway.close());

const cookiesOf = (response: Response) => response.headers.getSetCookie().map((header) => header.split("=", 1)[0]);

describe("the one-time token of a popup", () => {
  it("is redeemed for its own page alone", async () => {
    const token = await popups.createOneTimeToken();
    for (const origin of ["https://evil.example", APP_ORIGIN, "null"]) expect((await popups.redeem(token, origin)).status).toBe(403);
    expect(cookiesOf(await popups.redeem(token))).toEqual(sessionCookies);
  });

  it("is redeemed once", async () => {
    const token = await popups.createOneTimeToken();
    expect((await popups.redeem(token)).status).toBe(204);
    expect((await popups.redeem(token)).status).toBe(401);
  });

  it("is redeemed for a minute", async () => {
    const token = await popups.createOneTimeToken();
    popups.gateway.clock.advance(61_000);
    expect((await popups.redeem(token)).status).toBe(401);
  });

  it("is refused when its binding was changed or swapped", async () => {
    const [one, other] = [await popups.createOneTimeToken(), await popups.createOneTimeToken()];
    const [secret] = one.split(".", 1);
    const binding = other.slice(other.indexOf("."));
    for (const token of [`${secret}${binding}`, String(secret), `${one}x`, `.${one}`, "", "."])
      expect((await popups.redeem(token)).status).toBe(401);
    expect((await popups.redeem(one)).status).toBe(204);
  });

  it("keeps the session of a user who is signed in", async () => {
    const cookie = sentBack(await popups.redeem(await popups.createOneTimeToken("ada")));
    expect(cookiesOf(await popups.redeem(await popups.createOneTimeToken("ada"), url, cookie))).toEqual([]);
  });

  it("binds the popup, by a secret of its own, to what its page has started", async () => {
    const { token } = await popups.gateway.app.provisionUser({ id: "ada" });
    const headers = { authorization: `Bearer ${token}`, origin: APP_ORIGIN, "content-type": "application/json" };
    const start = async () => {
      const init = { method: "POST", headers, body: "{}" };
      const started = await popups.gateway.app.fetch(new Request(`${url}/api/platform_user/connections/test`, init));
      const { connection } = await started.json();
      popups.gateway.clock.advance(1);
      return {
        cookies: started.headers.getSetCookie().map((header) => header.split(";", 1)[0] ?? ""),
        href: connection.authorization.authorize_url,
      };
    };
    const [other, wanted] = [await start(), await start()];
    const redeemed = await popups.redeem(await popups.createOneTimeToken("ada"));
    const [session = "", , binding = "", ...rest] = redeemed.headers.getSetCookie().map((header) => header.split(";", 1)[0] ?? "");
    expect(rest).toEqual([]);
    expect(binding.split("=")[0]).toBe(wanted.cookies[0]?.split("=")[0]);
    expect(wanted.cookies).not.toContain(binding);
    const callbackOf = async ({ href }: { href: string }) => (await popups.gateway.provider.authorize(href)).href;
    const visit = async (href: string, cookies: string[]) => (await popups.fetchPage(href, { cookie: cookies.join("; ") })).status;
    expect(await visit(await callbackOf(other), [session, binding])).toBe(403);
    const callback = await callbackOf(wanted);
    expect(await visit(callback, [session, ...wanted.cookies])).toBe(403);
    expect(await visit(callback, [session, binding])).toBe(303);
  });

  it("signs in for ten minutes, the time that connecting may take", async () => {
    const headers = (await popups.redeem(await popups.createOneTimeToken("ada"))).headers.getSetCookie();
    expect(headers[0]).toContain("Max-Age=600;");
    const cookie = headers.map((header) => header.split(";", 1)[0]).join("; ");
    const statusOf = async () => (await popups.fetchPage(`${url}/connect/test`, { cookie })).status;
    expect(await statusOf()).toBe(303);
    popups.gateway.clock.advance(600_000);
    expect(await statusOf()).toBe(401);
  });
});

describe("a one-time token of another user than the one who is signed in", () => {
  /** The victim is signed in as ada, and the token is mallory's. */
  async function redeemAsAda() {
    const session = sentBack(await popups.redeem(await popups.createOneTimeToken("ada")));
    const token = await popups.createOneTimeToken("mallory");
    const asked = await popups.redeem(token, url, session);
    const { location }: { location: string } = await asked.json();
    return { session, token, asked, location, cookie: `${session}; ${sentBack(asked)}` };
  }
  const agree = (location: string, cookie: string, origin = url) =>
    popups.gateway.app.fetch(new Request(location, { method: "POST", headers: { origin, cookie } }));
  const whoIs = async (cookie: string) =>
    /Signed in as ([^<]*)/.exec(await (await popups.fetchPage(`${url}/sign-in`, { cookie })).text())?.[1];

  it("is used up, and asks by name before it signs in", async () => {
    const { session, token, asked, location, cookie } = await redeemAsAda();
    expect(asked.status).toBe(200);
    expect(cookiesOf(asked)).toEqual([popups.gateway.cookies.handoff.name]);
    expect(asked.headers.getSetCookie()[0]).toContain("Max-Age=600;");
    expect(location.startsWith(`${url}/authorizations/switch?`)).toBe(true);
    const question = await popups.fetchPage(location, { cookie });
    const page = await question.text();
    expect(page).toContain("Continue as mallory?");
    expect(page).toContain("ada is signed in in this browser");
    expect(question.headers.getSetCookie()).toEqual([]);
    expect(question.headers.get("cross-origin-opener-policy")).toBeNull();
    expect((await popups.redeem(token, url)).status).toBe(401);
    expect(await whoIs(session)).toBe("ada");
  });

  it("signs in once the user has agreed, ends the other session, and continues in the popup", async () => {
    const { session, location, cookie } = await redeemAsAda();
    const agreed = await agree(location, cookie);
    expect(agreed.status).toBe(303);
    expect(agreed.headers.get("location")).toBe(`/authorizations/loading?opener_origin=${encodeURIComponent(APP_ORIGIN)}`);
    expect(cookiesOf(agreed)).toEqual([...sessionCookies, popups.gateway.cookies.handoff.name]);
    expect(await whoIs(sentBack(agreed))).toBe("mallory");
    expect(await whoIs(session)).toBeUndefined();
  });

  it("can be agreed to once, on the page that asks and in this browser alone", async () => {
    const first = await redeemAsAda();
    for (const origin of ["https://evil.example", APP_ORIGIN, "null"])
      expect((await agree(first.location, first.cookie, origin)).status).toBe(403);
    expect((await agree(first.location, first.session)).status).toBe(401);
    expect((await agree(first.location, first.cookie)).status).toBe(303);
    expect((await agree(first.location, first.cookie)).status).toBe(401);
  });

  it("can be agreed to for ten minutes", async () => {
    const late = await redeemAsAda();
    popups.gateway.clock.advance(600_000);
    expect((await agree(late.location, late.cookie)).status).toBe(401);
  });

  it("is of another kind than the token of the question: neither is taken for the other", async () => {
    const { asked, location, session } = await redeemAsAda();
    const pending = sentBack(asked).split("=")[1] ?? "";
    expect((await popups.redeem(pending)).status).toBe(401);
    const token = await popups.createOneTimeToken("mallory");
    expect((await agree(location, `${session}; ${popups.gateway.cookies.handoff.name}=${token}`)).status).toBe(401);
    expect((await popups.redeem(token)).status).toBe(204);
  });
});
