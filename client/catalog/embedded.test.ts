/** `<Catalog>` in an app of another origin, in a real Chromium, before the real gateway. */
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AppPage, startAppPage } from "../../test/support/client/app-page.ts";
import { type Acme, isCutOff, look, startAcme } from "../../test/support/client/catalog-pages.ts";
import { answerConsent } from "../../test/support/client/chromium.ts";

const STYLES = new URL("../../dist/catalog/catalog.css", import.meta.url).pathname;

let app: AppPage;
let acme: Acme;
beforeAll(async () => {
  app = await startAppPage(new URL("../../test/support/client/catalog-page/main.tsx", import.meta.url));
  acme = await startAcme({ webOrigins: [app.url] });
});
afterAll(async () => {
  await acme.stop();
  app.stop();
});

async function open(path: string, { userId, ...props }: { userId: string } & Record<string, string>): Promise<Page> {
  const { page } = await acme.open("/");
  const token = await acme.gateway.provision(userId);
  await page.goto(`${app.url}${path}?${new URLSearchParams({ gateway: acme.gateway.url, token, ...props })}`);
  return page;
}

/** What the page's developer is warned of on the console. */
const warningsOf = async (page: Page): Promise<string[]> =>
  (await page.consoleMessages()).filter((message) => message.type() === "warning").map((message) => message.text());

async function openPopup(page: Page, button: string): Promise<Page> {
  const opening = page.context().waitForEvent("page");
  await page.getByRole("button", { name: button, exact: true }).click();
  return opening;
}

test("lists what the filter lets through", async () => {
  const page = await open("/", { userId: "filtering", only: "notes" });
  await page.getByRole("link", { name: /^Notes/ }).waitFor();
  expect(await page.getByRole("heading", { level: 3 }).allTextContents()).toEqual(["Notes"]);
  await page.getByRole("searchbox").fill("calendar");
  await page.getByText("Nothing found for “calendar”.").waitFor();
});

test("keeps its page in the address below a path, also below one that is written without its slash", async () => {
  const page = await open("/integrations", { userId: "below", base: "integrations" });
  await page.getByRole("link", { name: /^Notes/ }).click();
  await page.getByRole("heading", { level: 1, name: "Notes" }).waitFor();
  expect(new URL(page.url()).pathname).toBe("/integrations/connectors/notes");
});

test("has the scheme of the page around it, says in which language it is, and warns its developer of a colour that is none", async () => {
  const page = await open("/", { userId: "schemes", memory: "", locale: "de-AT", color: "red" });
  await page.emulateMedia({ colorScheme: "dark" });
  await page.addStyleTag({ path: STYLES });
  const heading = page.getByRole("heading", { level: 1, name: "Integrationen" });
  const brightness = () => heading.evaluate((title) => Number(/\d+/.exec(getComputedStyle(title).color)?.[0]));
  expect(await brightness()).toBeGreaterThan(200);
  await page.evaluate(() => document.querySelector("meta[name=color-scheme]")?.remove());
  expect(await brightness()).toBeLessThan(50);
  expect(await page.locator(".xkit-catalog").getAttribute("lang")).toBe("de-AT");
  expect(await warningsOf(page)).toEqual(['theme.color must be a colour such as #4f46e5, not "red". The platform\'s colour is used.']);
});

test("leaves the app its keys and its title", async () => {
  const page = await open("/", { userId: "typing" });
  await page.getByRole("searchbox").waitFor();
  await page.keyboard.press("/");
  expect(await page.evaluate(() => document.activeElement === document.body)).toBe(true);
  expect(await page.title()).toBe("App");
});

describe("in a popup", () => {
  test("connects without leaving the page", async () => {
    const page = await open("/connectors/notes", { userId: "embedded", popup: "" });
    const popup = await openPopup(page, "Connect Notes");
    await page.getByText("Continue in the window that has opened.").waitFor();
    await answerConsent(popup);
    await page.getByText("Connected as ada@example.test").waitFor();
    expect(new URL(page.url()).origin).toBe(app.url);
    await expect.poll(() => popup.isClosed()).toBe(true);
    expect(await page.getByText("Continue in the window").count()).toBe(0);
  });

  /** Goes on with the other account than the first. */
  async function answerAsAnother(popup: Page): Promise<void> {
    await popup.locator('button[value="switch"]').click();
    await popup.locator("button.account").nth(1).click();
    await popup.locator('button[value="allow"]').click();
  }

  test("shows another account that a reconnect came back with, beside the one before", async () => {
    const page = await open("/connectors/calendar", { userId: "second-account", popup: "" });
    await answerConsent(await openPopup(page, "Connect Calendar"));
    await page.getByText("ada@example.test").first().waitFor();
    await answerAsAnother(await openPopup(page, "Reconnect ada@example.test"));
    await page.getByText("grace@example.test").first().waitFor();
    await page.getByRole("button", { name: "Reconnect ada@example.test" }).waitFor();
    expect(await page.getByRole("alert").count()).toBe(0);
  });

  test("names both accounts where a reconnect came back with another one", async () => {
    const page = await open("/connectors/notes", { userId: "other-account", popup: "" });
    await answerConsent(await openPopup(page, "Connect Notes"));
    await page.getByText("Connected as ada@example.test").waitFor();
    await answerAsAnother(await openPopup(page, "Reconnect ada@example.test"));
    await page.getByText("That was another Notes account than before: grace@example.test, not ada@example.test.").waitFor();
    await page.getByText("Connected as ada@example.test").waitFor();
  });

  test("lets its user cancel once they have closed it, and connect again", async () => {
    const page = await open("/connectors/crm", { userId: "closer", popup: "" });
    const closed = await openPopup(page, "Connect CRM");
    await closed.locator("button").first().waitFor();
    await closed.close();
    await page.getByRole("button", { name: "Cancel" }).click();
    expect(await page.getByRole("alert").count()).toBe(0);
    await answerConsent(await openPopup(page, "Connect CRM"));
    await page.getByText("Connected as ada@example.test").waitFor();
  });

  test("is opened by a link where the browser blocks it", async () => {
    const page = await open("/connectors/notes", { userId: "blocked", popup: "" });
    await page.evaluate(() => void (window.open = () => null));
    await page.getByRole("button", { name: "Connect Notes", exact: true }).click();
    await page.getByText("Your browser has blocked the window.").waitFor();
    const opening = page.context().waitForEvent("page");
    await page.getByRole("link", { name: "Open in a new tab" }).click();
    await answerConsent(await opening);
    await page.getByText("Connected as ada@example.test").waitFor();
    expect(new URL(page.url()).origin).toBe(app.url);
  });

  test("closes when its user cancels, and nothing is said to be wrong", async () => {
    const page = await open("/connectors/drive", { userId: "canceller", popup: "" });
    const popup = await openPopup(page, "Connect Drive");
    await popup.locator("button").first().waitFor();
    await page.getByRole("button", { name: "Cancel" }).click();
    await expect.poll(() => popup.isClosed()).toBe(true);
    expect(await page.getByRole("button", { name: "Connect Drive" }).getAttribute("aria-disabled")).toBeNull();
    expect(await page.getByRole("alert").count()).toBe(0);
  });
});

describe("in a page that keeps its own address", () => {
  test("walks between its pages without a trace in the history, and links lead to the gateway", async () => {
    const page = await open("/inside", { userId: "traceless", memory: "", returnTo: "/elsewhere" });
    const before = { href: page.url(), length: await page.evaluate(() => history.length) };
    const link = page.getByRole("link", { name: /^Notes/ });
    expect(await link.getAttribute("href")).toBe(`${acme.gateway.url}/connectors/notes`);
    await page.getByRole("searchbox").fill("not");
    await link.click();
    await page.getByRole("heading", { level: 1, name: "Notes" }).waitFor();
    // The query is the app's, as the rest of the address.
    expect(await page.getByRole("link", { name: /^Back to/ }).count()).toBe(0);
    await page.getByRole("link", { name: "All integrations" }).click();
    await page.getByRole("heading", { level: 1, name: "Integrations" }).waitFor();
    expect({ href: page.url(), length: await page.evaluate(() => history.length) }).toEqual(before);
  });

  test("is laid out by its own width, not by the window's", async () => {
    const page = await open("/", { userId: "narrow", memory: "" });
    await page.addStyleTag({ path: STYLES });
    const columns = () =>
      page
        .locator("main ul, .xkit-catalog ul")
        .first()
        .evaluate((list) => getComputedStyle(list).gridTemplateColumns.split(" ").length);
    await page.getByRole("link", { name: /^Notes/ }).waitFor();
    const wide = await columns();
    await page.evaluate(() => document.querySelector<HTMLElement>(".xkit-catalog")?.style.setProperty("width", "380px"));
    expect([wide, await columns()]).toEqual([3, 1]);
  });

  test("looks the same whatever rules the page has for elements", async () => {
    const page = await open("/connectors/calendar", { userId: "painted", memory: "" });
    await page.addStyleTag({ path: STYLES });
    await page.getByRole("link", { name: /^Calendar/ }).click();
    await page.getByRole("button", { name: "Connect Calendar" }).waitFor();
    const looks = () =>
      page.evaluate(() =>
        [...document.querySelectorAll(".xkit-catalog, .xkit-catalog *")].flatMap((element, at) => {
          const style = getComputedStyle(element);
          return Array.from(style, (name) => `${at} ${element.tagName} ${name}: ${style.getPropertyValue(name)}`);
        }),
      );
    const before = await looks();
    await page.addStyleTag({
      content: `body { font-family: fantasy; text-align: right; text-transform: uppercase; letter-spacing: 3px; font-style: italic; }
        a { color: red; text-decoration: line-through; padding: 9px; } h1, h2, h3 { color: green; margin: 4em; font-family: fantasy; text-shadow: 1px 1px red; }
        p, li, span { line-height: 4; max-width: 10ch; background: yellow; } ul { columns: 2; padding: 5em; } button { border-radius: 0; background: lime; text-transform: uppercase; opacity: .4; }
        img, svg { float: right; border: 3px solid; fill: red; } section, nav, header { position: relative; top: 30px; outline: 2px solid; } div { font-size: 30px; } input { width: 3px; }`,
    });
    const after = new Set(await looks());
    expect(before.filter((line) => !after.has(line)).slice(0, 20)).toEqual([]);
  });
});

describe("a button for one connector", () => {
  test("connects it, and says how it is", async () => {
    const page = await open("/", { userId: "pressing", button: "notes" });
    await page.addStyleTag({ path: STYLES });
    const popup = await openPopup(page, "Connect Notes");
    await page.getByRole("button", { name: "Cancel" }).waitFor();
    await page.getByRole("status").getByText("Continue in the window that has opened.").waitFor();
    await answerConsent(popup);
    await page.getByRole("status").getByText("Connected", { exact: true }).waitFor();
    expect(await page.getByRole("button").count()).toBe(0);
    expect(await look(page, "button-connected")).toEqual([]);
  });

  test.each(["nothing", ""])("says that there is no connector of this slug, to its developer too: %j", async (slug) => {
    const page = await open("/", { userId: "pressing-nothing", button: slug });
    await page.getByRole("status").getByText("There is no such integration.", { exact: true }).waitFor();
    expect(await warningsOf(page)).toEqual([`<ConnectButton>: the catalog has no connector with the slug "${slug}".`]);
  });

  test("offers a link where the browser blocks its popup, and lets go", async () => {
    const page = await open("/", { userId: "pressing-blocked", button: "crm", locale: "de" });
    await page.addStyleTag({ path: STYLES });
    await page.evaluate(() => void (window.open = () => null));
    expect(await look(page, "button")).toEqual([]);
    await page.getByRole("button", { name: "CRM verbinden" }).click();
    await page.getByRole("status").getByText("Ihr Browser hat das Fenster blockiert.").waitFor();
    expect(await page.locator(".xkit-catalog").getAttribute("lang")).toBe("de");
    expect(await page.getByRole("link", { name: "In neuem Tab öffnen" }).getAttribute("href")).toContain("http");
    expect(await look(page, "button-blocked")).toEqual([]);
    await page.emulateMedia({ forcedColors: "active" });
    expect(await look(page, "button-blocked-forced-colors")).toEqual([]);
    await page.setViewportSize({ width: 320, height: 640 });
    expect(await page.evaluate(isCutOff)).toBe(false);
    await page.getByRole("button", { name: "Abbrechen" }).click();
    await page.getByRole("button", { name: "CRM verbinden" }).waitFor();
  });
});
