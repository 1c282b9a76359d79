/** What a user does and sees, in the words of the page. */
import { expect } from "vitest";
import type { EngineBrowser, Tab } from "./engine.ts";

/** The button or link with a line that begins so. */
const named = (name: string): string =>
  `[...document.querySelectorAll("button, a")].find((element) => element.innerText.split("\\n").some((line) => line.startsWith(${JSON.stringify(name)})) && element.checkVisibility())`;

/** Waits until the page says it. */
export const expectText = async (tab: Tab, text: string): Promise<void> =>
  await expect.poll(() => tab.evaluate("`${document.title}\\n${document.body.innerText}`")).toContain(text);

/** Waits for a button or a link with a line that begins so, and clicks it once. */
export async function press(tab: Tab, name: string): Promise<void> {
  const found = () => tab.evaluate(`${named(name)} ? ${JSON.stringify(name)} : location.href + "\\n" + document.body.innerText`);
  await expect.poll(found).toBe(name);
  await tab.click(named(name));
}

/** The only tab there is. */
export async function onlyTab(browser: EngineBrowser): Promise<Tab> {
  const [tab] = await browser.tabs();
  if (!tab) throw new TypeError("This browser has no tab.");
  return tab;
}

/** Presses what opens a popup. */
export async function pressForPopup(browser: EngineBrowser, tab: Tab, name: string): Promise<Tab> {
  await press(tab, name);
  const findPopup = async () => (await browser.tabs()).find(({ id }) => id !== tab.id);
  await expect.poll(findPopup).toBeDefined();
  return (await findPopup()) ?? tab;
}

/** Waits until a tab is gone. */
export const expectClosed = async (browser: EngineBrowser, { id }: Tab): Promise<void> =>
  await expect.poll(async () => (await browser.tabs()).some((tab) => tab.id === id)).toBe(false);

/** Walks the demo provider's pages as a person who is new there. */
export async function answerConsent(tab: Tab, answer: "Allow access" | "Deny" = "Allow access"): Promise<void> {
  await press(tab, "Ada");
  await press(tab, answer);
}
