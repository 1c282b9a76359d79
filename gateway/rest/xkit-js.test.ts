import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { type HttpsGateway, startHttpsGateway } from "../../test/support/https-gateway.ts";
import type { PageWindow, ThirdPartyCookies } from "../../test/support/page-window.ts";
import { PATIENCE } from "../../test/support/patience.ts";
import { loadXkitJs, openXkitPage, unloadXkitJs } from "../../test/support/xkit-js.ts";

let createXkit: Awaited<ReturnType<typeof loadXkitJs>>;
afterAll(unloadXkitJs);
beforeAll(async () => {
  createXkit = await loadXkitJs();
});

let gateway: HttpsGateway;
let page: PageWindow;
afterEach(async () => {
  await page.close();
  await gateway.close();
});

/** A gateway, and a page of the platform before it. */
async function open(thirdPartyCookies: ThirdPartyCookies = "allowed"): Promise<void> {
  gateway = await startHttpsGateway();
  page = openXkitPage(gateway, thirdPartyCookies);
}

const tokenOf = async (id: string): Promise<string> => (await gateway.app.provisionUser({ id })).token;

async function signedIn(id = "ada") {
  const xkit = createXkit(gateway.domain);
  await xkit.login(await tokenOf(id));
  return xkit;
}

/** Whether the provider takes a token. */
const isLive = async (token: string | null): Promise<boolean> => gateway.provider.liveAccessTokens().includes(token ?? "");

describe("xkit.js 3.14.1 before this gateway", () => {
  it("shows the catalog to anonymous visitors", async () => {
    await open();
    const xkit = createXkit(gateway.domain);
    expect(xkit.connectorUrl("test")).toBe(`https://${gateway.domain}/connectors/test`);
    expect(await xkit.getPlatform()).toMatchObject({ name: "Acme", login_redirect_url: "https://acme.example/login" });
    expect(await xkit.listConnectors()).toEqual([expect.objectContaining({ slug: "test", name: "Test" })]);
    expect(await xkit.getConnector("test")).toMatchObject({ slug: "test", supports_multiple_connections: true });
    const shell = await xkit.getConnectionOrConnector("test");
    expect(shell).toEqual({ connector: expect.objectContaining({ slug: "test" }) });
    await expect(xkit.getConnector("nothing")).rejects.toMatchObject({ statusCode: 404 });
  });

  it("signs in, and finds nothing connected yet", async () => {
    await open();
    const xkit = await signedIn();
    expect(await xkit.getPlatform()).toMatchObject({ slug: "platform" });
    expect(await xkit.listConnectors()).toEqual([expect.objectContaining({ slug: "test", connections: [] })]);
    expect(await xkit.listConnections()).toEqual([]);
    await expect(xkit.getConnection({ slug: "test" })).rejects.toMatchObject({ statusCode: 404 });
    expect(await xkit.getConnectionOrConnector("test")).toEqual({ connector: expect.objectContaining({ connections: [] }) });
    expect(await xkit.getConnectionToken({ slug: "test" })).toBeNull();
  });

  it.each(["allowed", "blocked", "partitioned"] as const)(
    "connects by popup and channel where third-party cookies are %s",
    async (cookies) => {
      await open(cookies);
      const xkit = await signedIn();
      const enabled = vi.fn<(connection: unknown) => void>();
      xkit.on("connection:enable", enabled);
      const connection = await xkit.connect("test");
      expect(connection).toMatchObject({ enabled: true, authorization: { status: "active" }, connector: { slug: "test" } });
      expect(enabled).toHaveBeenCalledExactlyOnceWith(connection);
      expect(page.popup()?.closed).toBe(true);
      expect(await isLive(await xkit.getConnectionToken({ slug: "test" }))).toBe(true);
    },
  );

  it("reads, replaces, adds and removes connections", async () => {
    await open();
    const xkit = await signedIn();
    const first = await xkit.connect("test");
    expect(await xkit.getConnection({ id: first.id })).toMatchObject({ id: first.id, enabled: true });
    expect(await xkit.getConnection({ slug: "test" })).toMatchObject({ id: first.id });
    expect(await xkit.getConnectionOrConnector("test")).toMatchObject({ id: first.id, enabled: true });
    const old = await xkit.getConnectionToken({ id: first.id });
    expect(await xkit.reconnect(first)).toMatchObject({ id: first.id, enabled: true });
    expect(await xkit.getConnectionToken({ id: first.id })).not.toBe(old);

    const second = await xkit.addConnection("test");
    expect(second.id).not.toBe(first.id);
    const ids = (await xkit.listConnections("test")).map(({ id }) => id);
    expect(ids.toSorted()).toEqual([first.id, second.id].toSorted());

    const removed = vi.fn<(connection: unknown) => void>();
    xkit.on("connection:disable", removed);
    await xkit.removeConnection({ id: second.id });
    await xkit.disconnect("test");
    expect(removed).toHaveBeenCalledTimes(2);
    expect(await xkit.getConnectionOrConnector("test")).toMatchObject({ enabled: false });
    expect(await xkit.getConnectionToken({ slug: "test" })).toBeNull();
    expect(gateway.provider.revocations.length).toBeGreaterThan(0);
  });

  it("has a new token when it calls again, even after a reload, once the provider has refused the one before", async () => {
    await open();
    const xkit = await signedIn();
    await xkit.connect("test");
    const tokens = [await xkit.getConnectionToken({ slug: "test" })];
    for (const page of [xkit, createXkit(gateway.domain)]) {
      gateway.clock.advance(30_000);
      gateway.provider.controls.expireAccessTokens();
      tokens.push(await page.getConnectionToken({ slug: "test" }));
      expect(await isLive(tokens.at(-1) ?? null)).toBe(true);
    }
    expect(new Set(tokens).size).toBe(3);
    gateway.clock.advance(30_000);
    gateway.provider.controls.revokeGrants();
    expect(await xkit.getConnectionToken({ slug: "test" })).toBeNull();
    expect(await xkit.getConnection({ slug: "test" })).toMatchObject({ authorization: { status: "error" } });
  });

  it("stays signed in by cookie after a reload, even when the session token expires meanwhile", async () => {
    await open();
    await (await signedIn()).connect("test");
    const again = createXkit(gateway.domain);
    expect(await isLive(await again.getConnectionToken({ slug: "test" }))).toBe(true);
    const sessionToken = await again.getAccessToken();
    gateway.clock.advance(11 * 60_000);
    expect(await isLive(await again.getConnectionToken({ slug: "test" }))).toBe(true);
    expect(await again.getAccessToken()).not.toBe(sessionToken);
  });

  it("asks its callback for a token when the user token has expired and there is no cookie", async () => {
    await open("blocked");
    const xkit = createXkit(gateway.domain);
    const callback = vi.fn<() => Promise<string>>(() => tokenOf("ada"));
    await xkit.login(callback);
    gateway.clock.advance(61 * 60_000);
    expect(await xkit.listConnections()).toEqual([]);
    expect(callback).toHaveBeenCalledTimes(2);
  });

  it("signs out, even after a reload, and sends the page to the sign-in", async () => {
    await open();
    const xkit = await signedIn();
    await xkit.logout();
    await xkit.logout();
    expect(page.cookies()).toEqual([]);
    void xkit.listConnections();
    await vi.waitFor(() => expect(page.href()).toBe("https://acme.example/login"), PATIENCE);
    expect(await xkit.listConnectors()).toHaveLength(1);
  });

  it("reports what the provider refused", async () => {
    await open();
    const xkit = await signedIn();
    gateway.provider.controls.denyNext();
    await expect(xkit.connect("test")).rejects.toMatchObject({ code: "access_denied" });
    expect(page.popup()?.closed).toBe(true);
    expect(await xkit.getConnectionToken({ slug: "test" })).toBeNull();
  });

  it("reports that the user closed the popup", async () => {
    await open();
    const xkit = await signedIn();
    const connecting = xkit.connect("test");
    // Its first page is there; the user has no patience for the second.
    await vi.waitFor(() => expect(page.popup()).not.toBeNull(), PATIENCE);
    page.popup()?.close();
    await expect(connecting).rejects.toThrow("Installation cancelled.");
  });
});
