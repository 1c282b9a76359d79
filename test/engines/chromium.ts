import type { BrowserContext, Page } from "playwright-core";
import { launchChromium } from "../support/client/chromium.ts";
import type { Engine, Tab } from "./engine.ts";

/** Chromium by Playwright. */
export const chromium: Engine = {
  name: "Chromium",
  missing: null,
  async launch(cookies) {
    const browser = await launchChromium();
    let context: BrowserContext | undefined;
    return {
      async open() {
        await context?.close();
        const opened = await browser.newContext({ ignoreHTTPSErrors: true });
        context = opened;
        const page = await opened.newPage();
        if (cookies === "blocked") await blockThirdPartyCookies(page);
        return { tabs: () => Promise.resolve(opened.pages().map(toTab)) };
      },
      stop: () => browser.close(),
    };
  },
};

/** What its setting does, which a headless Chromium has not. Popups at the gateway are first-party, and need none. */
async function blockThirdPartyCookies(page: Page): Promise<void> {
  const session = await page.context().newCDPSession(page);
  await session.send("Network.enable");
  // Of these, later versions know the first alone.
  const controls = {
    enableThirdPartyCookieRestriction: true,
    disableThirdPartyCookieMetadata: true,
    disableThirdPartyCookieHeuristics: true,
  };
  await session.send("Network.setCookieControls", controls);
}

const ids = new WeakMap<Page, string>();
let lastId = 0;

function idOf(page: Page): string {
  const id = ids.get(page) ?? String(++lastId);
  ids.set(page, id);
  return id;
}

const toTab = (page: Page): Tab => ({
  id: idOf(page),
  goTo: async (url) => void (await page.goto(url)),
  evaluate: (expression) => page.evaluate(expression),
  async click(element) {
    const handle = (await page.evaluateHandle<Element | null>(element)).asElement();
    if (!handle) throw new TypeError(`There is no ${element}.`);
    await handle.click();
  },
  travel: async (by) => void (await (by < 0 ? page.goBack() : page.goForward())),
  close: () => page.close(),
});
