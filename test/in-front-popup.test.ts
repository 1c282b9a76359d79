import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { APP_ORIGIN, type HttpsGateway, startHttpsGateway } from "./support/https-gateway.ts";
import type { PageWindow } from "./support/page-window.ts";
import { PATIENCE } from "./support/patience.ts";
import { type SecondGateway, startSecondGateway, visit } from "./support/second-gateway.ts";
import { loadXkitJs, openXkitPage, unloadXkitJs } from "./support/xkit-js.ts";

let createXkit: Awaited<ReturnType<typeof loadXkitJs>>;
afterAll(unloadXkitJs);
beforeAll(async () => {
  createXkit = await loadXkitJs();
});

let second: SecondGateway;
let front: HttpsGateway;
let page: PageWindow | null = null;
beforeEach(async () => {
  front = await startHttpsGateway(async (url) => {
    second = await startSecondGateway(() => ({ file: { web_origins: [url] } }));
    return { file: { connectors: [] }, env: { XKIT_UPSTREAM: "xkit", XKIT_UPSTREAM_URL: second.url } };
  });
});
afterEach(async () => {
  await page?.close();
  page = null;
  await front.close();
  await second.close();
});

const tokenOf = async (id: string): Promise<string> => (await second.provision(id)).token;

/** Goes on in the popup at the other gateway's link, as its user does, and back from the provider. */
async function goOn({ popup }: PageWindow): Promise<void> {
  const linkOf = () => popup()?.visited.find((address) => address.startsWith(`${second.url}/authorizations/test/continue?`));
  await vi.waitFor(() => expect(linkOf()).toBeDefined(), PATIENCE);
  const back = (await visit(second, linkOf() ?? "")).headers.get("location");
  if (back !== null) popup()?.location.replace(back);
}

describe("the popup of xkit.js 3.14.1 at a gateway before another gateway", () => {
  it.each(["allowed", "blocked", "partitioned"] as const)("connects where third-party cookies are %s", async (cookies) => {
    page = openXkitPage(front, cookies);
    const xkit = createXkit(front.domain);
    await xkit.login(await tokenOf("ada"));
    const connecting = xkit.connect("test");
    await goOn(page);
    expect(await connecting).toMatchObject({ enabled: true, authorization: { status: "active" }, connector: { slug: "test" } });
    await vi.waitFor(() => expect(page?.popup()?.closed).toBe(true), PATIENCE);
    expect(second.provider.liveAccessTokens()).toContain(await xkit.getConnectionToken({ slug: "test" }));
  });

  it("reports what the provider refused", async () => {
    page = openXkitPage(front);
    const xkit = createXkit(front.domain);
    await xkit.login(await tokenOf("ada"));
    second.provider.controls.denyNext();
    await Promise.all([expect(xkit.connect("test")).rejects.toMatchObject({ code: "access_denied" }), goOn(page)]);
  });
});

describe("the one-time token of a popup at a gateway before another gateway", () => {
  const url = (path: string) => `https://${front.domain}${path}`;
  const createOneTimeToken = async (): Promise<string> => {
    const headers = { authorization: `Bearer ${await tokenOf("ada")}`, origin: APP_ORIGIN };
    return (await (await front.app.fetch(new Request(url("/api/platform_user/sessions/ott"), { method: "POST", headers }))).json()).ott;
  };
  const redeem = async (token: string, origin = url("")) =>
    front.app.fetch(
      new Request(url("/authorizations/redeem"), {
        method: "POST",
        headers: { origin, "content-type": "application/json" },
        body: JSON.stringify({ token, openerOrigin: APP_ORIGIN }),
      }),
    );

  it("signs no user in, and is redeemed once, by the gateway's own page alone", async () => {
    const token = await createOneTimeToken();
    expect((await redeem(token, APP_ORIGIN)).status).toBe(403);
    const redeemed = await redeem(token);
    expect([redeemed.status, redeemed.headers.getSetCookie()]).toEqual([204, []]);
    expect((await redeem(token)).status).toBe(401);
  });
});
