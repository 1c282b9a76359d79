/** A gateway on another site than the app. */
import { createServer } from "node:https";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createCertificate } from "../support/certificate.ts";
import type { EngineBrowser, RunningEngine, Tab, ThirdPartyCookies } from "./engine.ts";
import type { engines } from "./engines.ts";
import { ORIGINAL_XKIT_PATH, type Sites, startSites } from "./sites.ts";
import { answerConsent, expectClosed, expectText, onlyTab, press, pressForPopup } from "./walk.ts";

/** Which browser keeps a session over a reload: each has the partitioned cookie, or the other one. */
const keepsSession: Record<string, ThirdPartyCookies[]> = {
  Chromium: ["default", "allowed", "blocked"],
  Firefox: ["default", "allowed"],
  WebKitGTK: ["allowed"],
};
/** Signs in, and says in its title how far it is; without a user token, whether it still is. */
const page = (script: string, signIn: string, options = ""): string => `<!doctype html><title>App</title>
  <script src="${script}"></script>
  <button onclick="xkit.connect('slack'${options}).then(() => (document.title = 'Connected'), (e) => (document.title = e.code + ': ' + e.message))">Connect</button>
  <script>${signIn}.then(() => (document.title = "Signed in"), (e) => (document.title = "Signed out: " + e.message));</script>`;

async function ask(sites: Sites, userToken: string, query: string): Promise<unknown> {
  const { origin } = new URL(sites.appUrl);
  const headers = { "content-type": "application/json", authorization: `Bearer ${userToken}`, origin, "sec-fetch-site": "cross-site" };
  const init = { method: "POST", headers, body: JSON.stringify({ query }) };
  return (await fetch(`http://127.0.0.1:${sites.gateway.port}/graphql`, init)).json();
}

const CONNECTION = `{ connection(where: { slug: "slack" }) { authorization { status } } }`;

/** Users of a page on another site than the gateway, in one engine. */
interface Visitors {
  sites(): Sites;
  engine(): RunningEngine;
  /** A new user with a page of this content. */
  open(html: (userToken: string) => string): Promise<{ browser: EngineBrowser; tab: Tab; user: string; userToken: string }>;
}

/** Starts the sites and the engine before all tests, and stops them after. */
function createVisitors(prefix: string, launch: () => Promise<RunningEngine>): Visitors {
  let sites: Sites;
  let engine: RunningEngine;
  let users = 0;
  beforeAll(async () => {
    sites = await startSites({ appHost: "app.localhost", gatewayHost: "connect.localhost" });
    engine = await launch();
  });
  afterAll(async () => {
    await engine.stop();
    await sites.stop();
  });
  return {
    sites: () => sites,
    engine: () => engine,
    async open(html) {
      const user = `${prefix}-${++users}`;
      const userToken = await sites.gateway.provision(user);
      sites.setPage("/", html(userToken));
      const browser = await engine.open();
      const tab = await onlyTab(browser);
      await tab.goTo(`${sites.appUrl}/`);
      return { browser, tab, user, userToken };
    },
  };
}

const ownPage = ({ sites }: Visitors, signIn: string, options?: string) => page(`${sites().gateway.url}/xkit.js`, signIn, options);
const pageOf = (visitors: Visitors) => (userToken: string) => ownPage(visitors, `xkit.login("${userToken}")`);
const popupPageOf = (visitors: Visitors) => (userToken: string) => ownPage(visitors, `xkit.login("${userToken}")`, ", { popup: true }");

export function describeOtherSite({ name, needs, missing, launch }: (typeof engines)[number], cookies: ThirdPartyCookies): void {
  describe.skipIf(missing !== null)(`${name}${needs}, third-party cookies: ${cookies}`, () => {
    const visitors = createVisitors(`${name}-${cookies}`, () => launch(cookies));
    testConnecting(visitors);
    testRefusedPopup(visitors);
    testSession(visitors, keepsSession[name]?.includes(cookies) ?? false);
    testForeignLink(visitors);
  });
}

function testConnecting(visitors: Visitors): void {
  test("connects by leaving the page and coming back to it", async () => {
    const { tab, user, userToken } = await visitors.open(pageOf(visitors));
    await expectText(tab, "Signed in");
    await press(tab, "Connect");
    await expectText(tab, `Connect Slack as ${user}?`);
    await press(tab, "Continue");
    await answerConsent(tab);
    await expectText(tab, "Signed in");
    expect(await tab.evaluate("location.href")).toBe(`${visitors.sites().appUrl}/`);
    expect(await ask(visitors.sites(), userToken, CONNECTION)).toEqual({ data: { connection: { authorization: { status: "ACTIVE" } } } });
  });

  test("connects in a popup", async () => {
    const { browser, tab } = await visitors.open(popupPageOf(visitors));
    await expectText(tab, "Signed in");
    const popup = await pressForPopup(browser, tab, "Connect");
    await press(popup, "Continue");
    await answerConsent(popup);
    await expectText(tab, "Connected");
    await expectClosed(browser, popup);
  });

  test("connects in the popup of the original xkit.js", async () => {
    const { browser, tab } = await visitors.open((token) =>
      page(ORIGINAL_XKIT_PATH, `xkit.init("${new URL(visitors.sites().gateway.url).host}"); xkit.login("${token}")`),
    );
    await expectText(tab, "Signed in");
    await answerConsent(await pressForPopup(browser, tab, "Connect"));
    await expectText(tab, "Connected");
  });
}

function testRefusedPopup(visitors: Visitors): void {
  test("tells the page the error of its popup at once", async () => {
    const { browser, tab } = await visitors.open(popupPageOf(visitors));
    await expectText(tab, "Signed in");
    const popup = await pressForPopup(browser, tab, "Connect");
    await expectText(popup, "Connect Slack as");
    const link = new URL(String(await popup.evaluate("location.href")));
    const headers = { origin: visitors.sites().gateway.url };
    await fetch(`http://127.0.0.1:${visitors.sites().gateway.port}${link.pathname}${link.search}`, {
      method: "POST",
      headers,
      redirect: "manual",
    });
    await press(popup, "Continue");
    await expectText(tab, "error: This link has expired or was opened before. Start again.");
    await expectClosed(browser, popup);
  });
}

function testSession(visitors: Visitors, isKept: boolean): void {
  test(`${isKept ? "keeps" : "does not keep"} a session over a reload`, async () => {
    const { tab } = await visitors.open(pageOf(visitors));
    await expectText(tab, "Signed in");
    visitors.sites().setPage("/again", ownPage(visitors, "xkit.getAccessToken()"));
    await tab.goTo(`${visitors.sites().appUrl}/again`);
    await expectText(tab, isKept ? "Signed in" : "Signed out");
  });
}

function testForeignLink(visitors: Visitors): void {
  test("connects nothing by a link that is sent to another person", async () => {
    const { userToken } = await visitors.open(popupPageOf(visitors));
    const started = await ask(visitors.sites(), userToken, `mutation { connect(slug: "slack") { authorization { authorizeUrl } } }`);
    const [, link = ""] = /"authorizeUrl":"([^"]+)"/.exec(JSON.stringify(started)) ?? [];
    expect(link).toMatch(/\/continue\?token=/);
    const victim = await onlyTab(await visitors.engine().open());
    const evil = createServer(createCertificate("evil.localhost"), (_request, response) =>
      response.writeHead(200, { "content-type": "text/html" }).end(`<a href="${link}">Win</a>`),
    );
    await new Promise<void>((resolve) => evil.listen(0, "127.0.0.1", resolve));
    const address = evil.address();
    for (const visit of [
      () => victim.goTo(link),
      async () => {
        await victim.goTo(`https://evil.localhost:${typeof address === "object" ? address?.port : 0}/`);
        await press(victim, "Win");
      },
    ]) {
      await visit();
      await expectText(victim, "Sign in to connect Slack.");
      const signIn = () => victim.evaluate(`[...document.querySelectorAll("a")].find(({ text }) => text === "Sign in")?.href`);
      const back = new URLSearchParams({ returnTo: `${visitors.sites().gateway.url}/connectors/slack` });
      await expect.poll(signIn).toBe(`${visitors.sites().gateway.url}/sign-in?${back}`);
      expect(await victim.evaluate("location.href")).toBe(`${visitors.sites().gateway.url}/connectors/slack`);
    }
    evil.closeAllConnections();
    evil.close();
    expect(await ask(visitors.sites(), userToken, CONNECTION)).not.toMatchObject({
      data: { connection: { authorization: { status: "ACTIVE" } } },
    });
  });
}
