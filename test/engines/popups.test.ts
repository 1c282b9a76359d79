/** Both popups, with the app and the gateway on one site, in every browser. */
import { afterAll, beforeAll, describe, test } from "vitest";
import type { EngineBrowser, RunningEngine, Tab } from "./engine.ts";
import { casesOf } from "../support/long.ts";
import { engines } from "./engines.ts";
import { ORIGINAL_XKIT_PATH, type Sites, startSites } from "./sites.ts";
import { answerConsent, expectClosed, onlyTab, pressForPopup, expectText } from "./walk.ts";

/** Signs in, and says in its title what became of connecting. */
const page = (script: string, signIn: string, succeeded: string): string => `<!doctype html><title>App</title>
  <script src="${script}"></script>
  <p id="heard"></p>
  <button onclick="xkit.connect('slack', { popup: true }).then((c) => (document.title = 'Connected: ' + ${succeeded}), (e) => (document.title = e.code || e.message))">Connect</button>
  <script>${signIn}.then(() => (document.title = "Signed in"), (e) => (document.title = e.message));</script>`;

let sites: Sites;
beforeAll(async () => {
  sites = await startSites({ appHost: "localhost", gatewayHost: "localhost" });
});
afterAll(() => sites.stop());

async function disconnectSlack(userToken: string): Promise<void> {
  const query = `mutation { disconnect(where: { slug: "slack" }) { enabled } }`;
  const headers = { "content-type": "application/json", authorization: `Bearer ${userToken}` };
  await fetch(`http://127.0.0.1:${sites.gateway.port}/graphql`, { method: "POST", headers, body: JSON.stringify({ query }) });
}

for (const { name, needs, missing, launch } of casesOf(engines, (engine) => engine.name === "Chromium"))
  describe.skipIf(missing !== null)(`${name}${needs}`, () => {
    let engine: RunningEngine;
    beforeAll(async () => {
      engine = await launch("default");
    });
    afterAll(() => engine.stop());

    let users = 0;
    /** A user of their own, in a browser of their own. */
    async function open(
      path: string,
      html: (userToken: string) => string,
    ): Promise<{ browser: EngineBrowser; tab: Tab; userToken: string }> {
      const userToken = await sites.gateway.provision(`${name}-${++users}`);
      sites.setPage(path, html(userToken));
      const browser = await engine.open();
      const tab = await onlyTab(browser);
      await tab.goTo(`${sites.appUrl}${path}`);
      return { browser, tab, userToken };
    }

    test("the original xkit.js connects in its popup", async () => {
      const { browser, tab } = await open("/original", (userToken) =>
        page(ORIGINAL_XKIT_PATH, `xkit.init("${new URL(sites.gateway.url).host}"); xkit.login("${userToken}")`, "c.authorization.status"),
      );
      await expectText(tab, "Signed in");
      await answerConsent(await pressForPopup(browser, tab, "Connect"));
      await expectText(tab, "Connected: active");
    });

    test("our xkit.js connects in its popup, which closes, and receives changes of other pages live", async () => {
      const { browser, tab, userToken } = await open("/own", (userToken) =>
        page(
          `${sites.gateway.url}/xkit.js`,
          `xkit.on("connection:change", (c) => (heard.textContent = "Heard: " + c.enabled)); xkit.login("${userToken}")`,
          "c.authorization.displayLabel",
        ),
      );
      await expectText(tab, "Signed in");
      const popup = await pressForPopup(browser, tab, "Connect");
      await answerConsent(popup);
      await expectText(tab, "Connected: ada@example.test");
      await expectClosed(browser, popup);
      await expectText(tab, "Heard: true");
      await disconnectSlack(userToken);
      await expectText(tab, "Heard: false");
    });
  });
