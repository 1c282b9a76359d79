import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Browser, chromium, type LaunchOptions, type Page } from "playwright-core";

const DEBIAN_CHROMIUM = "/usr/bin/chromium";
const CACHE = fileURLToPath(new URL("../../../node_modules/.cache/", import.meta.url));
const NPM_CHROMIUM = join(CACHE, "chromium");
/** Its own one looks for fonts in a Lambda's folders, and without any font Chromium dies. */
const FONTS_CONF = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>/usr/share/fonts</dir><dir>${NPM_CHROMIUM}/fonts/fonts</dir><cachedir>${NPM_CHROMIUM}/fonts/cache</cachedir></fontconfig>`;
/** Unpacks the compressed browser of `@sparticuz/chromium` and prints where. */
const UNPACK = `console.log(await (await import("@sparticuz/chromium")).default.executablePath())`;

/** A headless Chromium: the one that CHROMIUM names, Debian's, the one inside npm on Linux, else Playwright's own. */
export const launchChromium = (): Promise<Browser> => chromium.launch(launchOptions());

function launchOptions(): LaunchOptions {
  const executablePath = process.env["CHROMIUM"] ?? (existsSync(DEBIAN_CHROMIUM) ? DEBIAN_CHROMIUM : undefined);
  if (executablePath !== undefined) return { executablePath, args: process.getuid?.() === 0 ? ["--no-sandbox"] : [] };
  return process.platform === "linux" && process.arch === "x64" ? npmChromium() : {};
}

/** It brings the few libraries that a bare Linux lacks. Without a sandbox: distributions forbid it to browsers that they do not know. */
function npmChromium(): LaunchOptions {
  if (!existsSync(NPM_CHROMIUM)) unpackNpmChromium();
  const env = { ...process.env, LD_LIBRARY_PATH: join(NPM_CHROMIUM, "al2023/lib"), FONTCONFIG_PATH: join(NPM_CHROMIUM, "fonts") };
  return { executablePath: join(NPM_CHROMIUM, "chromium"), args: ["--no-sandbox"], env };
}

/** Into a folder of its own first: test files run at once, and none must see half a browser. */
function unpackNpmChromium(): void {
  mkdirSync(CACHE, { recursive: true });
  const directory = mkdtempSync(`${NPM_CHROMIUM}-`);
  // It unpacks its libraries only where it believes to be in a Lambda.
  const env = { ...process.env, TMPDIR: directory, AWS_EXECUTION_ENV: "AWS_Lambda_nodejs20.x" };
  execFileSync(process.execPath, ["--input-type=module", "--eval", UNPACK], { cwd: CACHE, env });
  writeFileSync(join(directory, "fonts/fonts.conf"), FONTS_CONF);
  try {
    renameSync(directory, NPM_CHROMIUM);
  } catch (error) {
    rmSync(directory, { recursive: true });
    if (!existsSync(NPM_CHROMIUM)) throw error;
  }
}

/** Walks the demo provider's pages: picks the first account, then says yes or no. */
export async function answerConsent(page: Page, answer: "Allow" | "Deny" = "Allow"): Promise<void> {
  const account = page.locator("button.account").first();
  const decision = page.locator(`button[value="${answer.toLowerCase()}"]`);
  await account.or(decision).first().waitFor();
  if (await account.isVisible()) await account.click();
  await decision.click();
}
