/** The catalog and an early xkit.js of the original product, as they were published, before this gateway in a real Chromium. */
import { existsSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromium } from "../engines/chromium.ts";
import type { EngineBrowser, RunningEngine, Tab } from "../engines/engine.ts";
import { type Sites, startSites } from "../engines/sites.ts";
import { answerConsent, expectText, onlyTab, press, pressForPopup } from "../engines/walk.ts";

const pathOf = (name: string) => new URL(`node_modules/${name}`, import.meta.url).pathname;
const isInstalled = existsSync(pathOf("react/package.json"));
const needs = isInstalled ? "" : " (needs `npm ci --prefix test/original-catalog`)";

const catalog = pathOf("@xkit-co/xkit-catalog-react.js/lib/browser.js");
const scripts = {
  "/catalog-17.js": { input: catalog },
  "/catalog-16.js": { input: catalog, alias: { react: pathOf("react-16"), "react-dom": pathOf("react-dom-16") } },
  "/xkit-3.4.2.js": { input: pathOf("xkit-js-3.4.2/lib/browser.js") },
};

let sites: Sites;
let engine: RunningEngine;
beforeAll(async () => {
  if (!isInstalled) return;
  sites = await startSites({ appHost: "app.localhost", gatewayHost: "localhost", scripts });
  engine = await chromium.launch("default");
});
afterAll(async () => {
  await engine?.stop();
  await sites?.stop();
});

let users = 0;
async function open(path: string, html: (domain: string, userToken: string) => string): Promise<{ browser: EngineBrowser; tab: Tab }> {
  const userToken = await sites.gateway.provision(`original-${++users}`);
  sites.setPage(path, `<!doctype html><title>App</title>${html(new URL(sites.gateway.url).host, userToken)}`);
  const browser = await engine.open();
  const tab = await onlyTab(browser);
  await tab.goTo(`${sites.appUrl}${path}`);
  return { browser, tab };
}

describe.skipIf(!isInstalled).each(["16", "17"])(`the original catalog on React %s${needs}`, (version) => {
  const openCatalog = () =>
    open(
      `/catalog-${version}`,
      // Its pictures are a bundle of Parcel's, which sets a global.
      (domain, token) => `<div id="catalog"></div><script>var parcelRequire;</script><script src="/catalog-${version}.js"></script>
        <script>xkit.init("${domain}"); xkit.login("${token}").then(() => xkit.renderCatalog(document.getElementById("catalog"), { routerType: "memory" }));</script>`,
    );
  const openConnector = async (tab: Tab) => {
    await tab.goTo(`${sites.appUrl}/catalog-${version}`);
    await press(tab, "Slack");
  };
  const buttons = (tab: Tab) => tab.evaluate(`[...document.querySelectorAll("button")].map((button) => button.innerText.trim()).join()`);

  test("offers to install after a refusal and after a removal, even after a reload, and to remove in between", async () => {
    const { browser, tab } = await openCatalog();
    await press(tab, "Slack");
    await answerConsent(await pressForPopup(browser, tab, "Install"), "Deny");
    await openConnector(tab);
    await expect.poll(() => buttons(tab)).toContain("Install");
    expect(await buttons(tab)).not.toContain("Remove");
    // The provider knows the account by now.
    await press(await pressForPopup(browser, tab, "Install"), "Allow access");
    await expect.poll(() => buttons(tab)).toContain("Remove");
    await openConnector(tab);
    await expect.poll(() => buttons(tab)).toContain("Remove");
    await press(tab, "Remove");
    await expect.poll(() => buttons(tab)).toContain("Install");
    await openConnector(tab);
    await expect.poll(() => buttons(tab)).toContain("Install");
    expect(await buttons(tab)).not.toContain("Remove");
  });
});

describe.skipIf(!isInstalled)(`xkit.js 3.4.2${needs}`, () => {
  test("connects in its popup, though it does not name its page's origin", async () => {
    const { browser, tab } = await open(
      "/early",
      (domain, token) => `<script src="/xkit-3.4.2.js"></script>
        <button onclick="xkit.connect('slack').then((c) => (document.title = 'Connected: ' + c.enabled), (e) => (document.title = e.message))">Connect</button>
        <script>xkit.init("${domain}"); xkit.login("${token}").then(() => (document.title = "Signed in"), (e) => (document.title = e.message));</script>`,
    );
    await expectText(tab, "Signed in");
    await answerConsent(await pressForPopup(browser, tab, "Connect"));
    await expectText(tab, "Connected: true");
  });
});
