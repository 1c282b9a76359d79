/** Callbacks without a state, of providers that start installations by themselves, and callbacks that the provider signs. */
import { createHmac } from "node:crypto";
import { afterEach, describe, expect, it } from "vitest";
import { createBrowser } from "../../test/support/browser.ts";
import { alertOf, connectionOf, startAt, tokenOf } from "../../test/support/connecting.ts";
import { PUBLIC_URL, startTestApp, type TestApp, type TestAppOptions, type TestUser } from "../../test/support/test-app.ts";

let test: TestApp;
let ada: TestUser;
afterEach(() => test?.close());

async function start(options: TestAppOptions): Promise<void> {
  test = await startTestApp(options);
  ada = await test.signIn();
}

const startsItself: TestAppOptions = { facts: { callback: { starts_without_state: true } } };
/** As Shopify: the shop's own host, and every callback signed. */
const factsOfShops = (url: string) => ({
  token_endpoint: `${url}/token?shop={shop}`,
  variables: [{ name: "shop", label: "Shop address", strip: ".shops.test", may: "host_label" }],
  callback: { starts_without_state: true, hmac: { param: "hmac" } },
});
const shops: TestAppOptions = { facts: factsOfShops };

/** Signs a callback as the provider does. */
function sign(callback: URL): URL {
  callback.searchParams.sort();
  const { search } = callback;
  const hmac = createHmac("sha256", test.provider.client.clientSecret ?? "");
  callback.searchParams.set("hmac", hmac.update(search.slice(1).replaceAll("+", "%20")).digest("hex"));
  return callback;
}

const signed = (query: string) => sign(new URL(`${PUBLIC_URL}/callback/test?${query}`)).href;

/** A form of a page: where it leads, and what it sends. */
function formIn(page: string): { action: string; body: URLSearchParams } {
  const inputs = [...page.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)];
  return {
    action: /<form method="post" action="(\/connect[^"]*)"/.exec(page)?.[1] ?? "",
    body: new URLSearchParams(inputs.map(([, name = "", value = ""]) => [name, value])),
  };
}

const send = (user: TestUser, { action, body }: ReturnType<typeof formIn>, origin = PUBLIC_URL) =>
  user.browser.fetch(action, { method: "POST", headers: { origin, "content-type": "application/x-www-form-urlencoded" }, body });

describe("a callback without a state, of a provider that starts by itself", () => {
  it.each([{}, { "sec-fetch-site": "none" }, { "sec-fetch-site": "cross-site" }, { "sec-fetch-site": "same-origin" }])(
    "asks by name, and starts nothing: %j",
    async (headers) => {
      await start(startsItself);
      const response = await ada.browser.fetch("/callback/test?code=abc&installation_id=7", { headers });
      const page = await response.text();
      expect(response.status).toBe(200);
      expect(page).toContain("Connect Test as ada?");
      expect(page).not.toMatch(/\babc\b/);
      expect(formIn(page).action).toBe("/connect/test");
      expect(await connectionOf(ada)).toBeNull();
      expect(test.provider.tokenRequests).toEqual([]);
    },
  );

  it("starts a new attempt in this browser when the user goes on, and its code is never exchanged", async () => {
    await start(startsItself);
    const stolen = await startAt(test, await test.signIn("eve"));
    const code = stolen.searchParams.get("code") ?? "";
    const page = await (await ada.browser.fetch(`/callback/test?code=${code}`)).text();
    const started = await send(ada, formIn(page));
    expect(started.status).toBe(303);
    const callback = await test.provider.authorize(started.headers.get("location") ?? "");
    expect(callback.searchParams.get("code")).not.toBe(code);
    expect((await createBrowser(test.app, PUBLIC_URL).fetch(callback.href)).status).toBe(403);
    expect((await ada.browser.fetch(callback.href)).status).toBe(200);
    expect(await tokenOf(ada)).toEqual(expect.any(String));
    expect(test.provider.tokenRequests).toHaveLength(1);
  });

  it("starts nothing when another site sends the form", async () => {
    await start(startsItself);
    const page = await (await ada.browser.fetch("/callback/test?code=abc")).text();
    expect((await send(ada, formIn(page), "https://evil.example")).status).toBe(403);
    expect(await connectionOf(ada)).toBeNull();
  });

  it("asks to sign in first where no user is signed in", async () => {
    await start(startsItself);
    const response = await createBrowser(test.app, PUBLIC_URL).fetch("/callback/test?code=abc");
    expect(response.status).toBe(401);
    expect(await response.text()).toContain("https://acme.example/login?returnTo=");
  });

  it.each([
    ["has a state that is none", "code=abc&state=short"],
    ["has an empty state", "code=abc&state="],
    ["tells of an error", "error=access_denied"],
  ])("is an error where it %s", async (_name, query) => {
    await start(startsItself);
    expect((await ada.browser.fetch(`/callback/test?${query}`)).status).toBe(400);
  });

  it("is an error of a provider that does not declare it", async () => {
    await start({});
    const response = await ada.browser.fetch("/callback/test?code=abc&installation_id=7");
    expect([response.status, await alertOf(response)]).toEqual([400, expect.stringContaining("did not say which attempt")]);
  });

  it("fills in nothing that is not signed", async () => {
    await start({ facts: { ...Object(startsItself.facts), variables: [{ name: "shop", label: "Shop", may: "param" }] } });
    const page = await (await ada.browser.fetch("/callback/test?code=abc&shop=evil")).text();
    expect(page).not.toContain("evil");
    expect([...formIn(page).body]).toEqual([]);
  });
});

describe("a callback without a state that is signed", () => {
  it("shows what the provider says, and connects with it when the user goes on", async () => {
    await start(shops);
    const page = await (await ada.browser.fetch(signed("shop=acme.shops.test&timestamp=1"))).text();
    expect(page).toContain("Shop address: acme.shops.test");
    const started = await send(ada, formIn(page));
    const callback = await test.provider.authorize(started.headers.get("location") ?? "");
    expect((await ada.browser.fetch(sign(callback).href)).status).toBe(200);
    expect(await tokenOf(ada)).toEqual(expect.any(String));
  });

  it("leads to the form where it does not say all", async () => {
    await start(shops);
    const page = await (await ada.browser.fetch(signed("timestamp=1"))).text();
    const started = await send(ada, formIn(page));
    expect(started.headers.get("location")).toMatch(new RegExp(`^${PUBLIC_URL}/connect/test\\?state=`));
  });

  it("fills in the form where it asks for more", async () => {
    const region = { name: "region", label: "Region", may: "param" };
    await start({ facts: (url) => ({ ...factsOfShops(url), variables: [...factsOfShops(url).variables, region] }) });
    const page = await (await ada.browser.fetch(signed("shop=acme.shops.test&timestamp=1"))).text();
    const form = (await send(ada, formIn(page))).headers.get("location") ?? "";
    expect(await (await ada.browser.fetch(form)).text()).toMatch(/name="shop"\s+type="text"\s+value="acme"/);
    expect((await createBrowser(test.app, PUBLIC_URL).fetch(form)).status).toBe(403);
  });

  it("leads to the form where what it says breaks a rule", async () => {
    await start(shops);
    const page = await (await ada.browser.fetch(signed("shop=evil.test/x&timestamp=1"))).text();
    expect(page).not.toContain("evil");
    const started = await send(ada, { action: "/connect/test", body: new URLSearchParams({ shop: "evil.test/x" }) });
    expect(started.headers.get("location")).toMatch(new RegExp(`^${PUBLIC_URL}/connect/test\\?state=`));
  });

  it.each(["shop=acme.shops.test", "shop=acme.shops.test&hmac=", `shop=acme.shops.test&hmac=${"0".repeat(64)}`])(
    "is refused where the signature is wrong: %s",
    async (query) => {
      await start(shops);
      const response = await ada.browser.fetch(`/callback/test?${query}`);
      expect([response.status, await alertOf(response)]).toEqual([400, expect.stringContaining("Test has not signed this address")]);
    },
  );
});

describe("a callback with a state, of a provider that signs", () => {
  /** Starts with a shop, and answers the provider's callback before it is signed. */
  async function comeBack(): Promise<URL> {
    const started = await ada.browser.fetch("/connect/test");
    const form = started.headers.get("location") ?? "";
    const action = new URL(form).pathname + new URL(form).search;
    const submitted = await send(ada, { action, body: new URLSearchParams({ shop: "acme" }) });
    return test.provider.authorize(submitted.headers.get("location") ?? "");
  }

  it("connects", async () => {
    await start(shops);
    expect((await ada.browser.fetch(sign(await comeBack()).href)).status).toBe(200);
    expect(await tokenOf(ada)).toEqual(expect.any(String));
  });

  it("is refused before anything else where it is not signed, and the attempt goes on", async () => {
    await start(shops);
    const callback = await comeBack();
    expect((await ada.browser.fetch(callback.href)).status).toBe(400);
    const forged = sign(new URL(callback));
    forged.searchParams.set("code", "another");
    const response = await ada.browser.fetch(forged.href);
    expect([response.status, await alertOf(response)]).toEqual([400, expect.stringContaining("has not signed")]);
    expect(test.provider.tokenRequests).toEqual([]);
    expect((await connectionOf(ada)).authorization.status).toBe("AWAITING_CALLBACK");
    expect(test.logged.join("\n")).toContain("not signed with the client secret");
    expect((await ada.browser.fetch(sign(callback).href)).status).toBe(200);
  });

  it("needs a client secret in the configuration", async () => {
    await expect(start({ ...shops, connector: { client_secret: null } })).rejects.toThrow("client_secret is required: the provider signs");
  });
});

describe("a provider that names the code otherwise", () => {
  const facts = { callback: { code_param: "auth_code" } };

  it("is understood, and a parameter `code` counts for nothing", async () => {
    await start({ facts });
    const callback = await startAt(test, ada);
    callback.searchParams.set("auth_code", callback.searchParams.get("code") ?? "");
    callback.searchParams.set("code", "another");
    expect((await ada.browser.fetch(callback.href)).status).toBe(200);
    expect(await tokenOf(ada)).toEqual(expect.any(String));
  });

  it("must send it", async () => {
    await start({ facts });
    expect((await ada.browser.fetch((await startAt(test, ada)).href)).status).toBe(400);
    expect((await connectionOf(ada)).authorization).toMatchObject({ status: "ERROR", errorCode: "missing_code" });
    expect(test.provider.tokenRequests).toEqual([]);
  });

  it("shows it to no user as metadata", async () => {
    await expect(start({ facts: { ...facts, metadata: { x: "callback:auth_code" } } })).rejects.toThrow("must not be a token or a secret");
  });
});
