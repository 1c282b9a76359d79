/** The catalog with a keyboard and nothing else. */
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Acme, startAcme } from "../../test/support/client/catalog-pages.ts";

let acme: Acme;
beforeAll(async () => void (acme = await startAcme()));
afterAll(() => acme.stop());

/** More than any dialog has places to go to. */
const ONCE_AROUND = 8;

/** What has the focus: its name, as assistive technology says it, or its text. */
const focused = (page: Page) =>
  page.evaluate(() => {
    const { activeElement } = document;
    const { labels } = activeElement instanceof HTMLInputElement ? activeElement : { labels: null };
    return activeElement?.getAttribute("aria-label") ?? labels?.[0]?.textContent ?? activeElement?.textContent?.trim();
  });

async function tabTo(page: Page, name: string): Promise<void> {
  for (let step = 0; step < 20 && (await focused(page)) !== name; step++) await page.keyboard.press("Tab");
  expect(await focused(page)).toBe(name);
}

test("finds, connects and disconnects; a dialog keeps the focus, Escape closes it, and the focus goes back", async () => {
  const { page } = await acme.open("/", { userId: "keys" });
  await page.getByText("Not connected").first().waitFor();
  await page.keyboard.press("Tab");
  expect(await focused(page)).toBe("Skip to the content");

  await page.keyboard.press("/");
  expect(await focused(page)).toBe("Search integrations");
  await page.keyboard.type("desk");
  await expect.poll(() => page.getByRole("heading", { level: 3 }).count()).toBe(1);
  // Past what narrows the list down.
  const isOnCard = () => page.evaluate(() => document.activeElement?.matches("li > a") === true);
  for (let step = 0; step < 20 && !(await isOnCard()); step++) await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await expect.poll(() => focused(page)).toBe("Support Desk");

  await tabTo(page, "Connect Support Desk");
  await page.keyboard.press("Enter");
  await expect.poll(() => focused(page)).toBe("Subdomain");
  for (let step = 0; step < ONCE_AROUND; step++) {
    await page.keyboard.press("Tab");
    // The body stands for the browser's own bar, where a modal dialog lets the focus go.
    expect(await page.evaluate(() => document.activeElement === document.body || !!document.activeElement?.closest("dialog"))).toBe(true);
  }
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await expect.poll(() => focused(page)).toBe("Connect Support Desk");

  await page.keyboard.press("Enter");
  await expect.poll(() => focused(page)).toBe("Subdomain");
  await page.keyboard.type("acme");
  await page.keyboard.press("Tab");
  await page.keyboard.type("key-1");
  await page.keyboard.press("Enter");
  await page.getByText("Your account").waitFor();
  await expect.poll(() => focused(page)).toBe("Support Desk");

  const label = await page.getByRole("heading", { level: 3 }).textContent();
  await tabTo(page, `Disconnect ${label}`);
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  await tabTo(page, "Disconnect");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Connect Support Desk", exact: true }).waitFor();
  await expect.poll(() => focused(page)).toBe("Support Desk");
});
