import type { BrowserContext, Page } from "playwright-core";
import { launchChromium } from "../../client/testing/chromium.ts";
import type { Engine, Tab } from "./engine.ts";

/** Chromium by Playwright. */
export const chromium: Engine = {
  name: "Chromium",
  missing: null,
  async launch(cookies) {
    const browser = await launchChromium(cookies === "blocked" ? ["--test-third-party-cookie-phaseout"] : []);
    let context: BrowserContext | undefined;
    return {
      async open() {
        await context?.close();
        const opened = await browser.newContext({ ignoreHTTPSErrors: true });
        context = opened;
        await opened.newPage();
        return { tabs: () => Promise.resolve(opened.pages().map(toTab)) };
      },
      stop: () => browser.close(),
    };
  },
};

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
