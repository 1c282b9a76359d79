import { existsSync } from "node:fs";
import { type Browser, chromium, type Page } from "playwright-core";

const DEBIAN_CHROMIUM = "/usr/bin/chromium";

/** A headless Chromium: the one that CHROMIUM names, Debian's, else Playwright's own. */
export function launchChromium(): Promise<Browser> {
  const executablePath = process.env["CHROMIUM"] ?? (existsSync(DEBIAN_CHROMIUM) ? DEBIAN_CHROMIUM : undefined);
  const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  return chromium.launch({ args, ...(executablePath !== undefined && { executablePath }) });
}

/** Walks the demo provider's pages: picks the first account, then says yes or no. */
export async function answerConsent(page: Page, answer: "Allow" | "Deny" = "Allow"): Promise<void> {
  const account = page.locator("button.account").first();
  const decision = page.locator(`button[value="${answer.toLowerCase()}"]`);
  await account.or(decision).first().waitFor();
  if (await account.isVisible()) await account.click();
  await decision.click();
}
