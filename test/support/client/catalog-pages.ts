/** Pages of the catalog in a real Chromium: opened, walked, looked at. */
import { readFileSync } from "node:fs";
import type axe from "axe-core";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { answerConsent, launchChromium } from "./chromium.ts";
import { isLong } from "../long.ts";
import { demoConnectors } from "./connectors.fixture.ts";
import { type HostedGateway, type HostedGatewayOptions, startHostedGateway } from "./hosted-gateway.ts";

/** Not imported: it is for pages. */
const AXE_SOURCE = readFileSync(new URL("../../../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
const SCREENSHOTS = new URL("../../../coverage/screenshots/", import.meta.url).pathname;
const WIDE = { width: 1280, height: 860 };
const PHONE = { width: 390, height: 844 };
const LOOKS = [
  { size: "wide", viewport: WIDE, colorScheme: "light" },
  { size: "phone", viewport: PHONE, colorScheme: "dark" },
  { size: "wide", viewport: WIDE, colorScheme: "dark" },
  { size: "phone", viewport: PHONE, colorScheme: "light" },
] as const;
/** Pictures are taken by `npm run test:long`, and by `npm test` where TEST_SCREENSHOTS is `yes`. */
const takesPictures = isLong || process.env["TEST_SCREENSHOTS"] === "yes";
/** By the page's name, so that `npm test` sees both schemes and sizes, though each page in one, and always in the same. */
const lookOf = (name: string) => LOOKS[Buffer.from(name).reduce((sum, byte) => sum + byte, 0) % LOOKS.length] ?? LOOKS[0];

/** The gateway of a platform named Acme, and a browser. */
export interface Acme {
  gateway: HostedGateway;
  open: (path: string, options?: VisitOptions) => Promise<Visit>;
  stop: () => Promise<void>;
}

export async function startAcme(options: HostedGatewayOptions = {}): Promise<Acme> {
  const platform = { name: "Acme", color: "#0f766e", website: "https://acme.example/" };
  const gateway = await startHostedGateway({ connectors: demoConnectors, platform, ...options });
  const browser = await launchChromium();
  return {
    gateway,
    open: (path, visitOptions) => visit(browser, gateway, path, visitOptions),
    async stop() {
      await browser.close();
      await gateway.stop();
    },
  };
}

export interface Visit {
  context: BrowserContext;
  page: Page;
  /** What the pages complain of on the console. */
  complaints: string[];
}

export type VisitOptions = { userId?: string; name?: string; groupId?: string } & Parameters<Browser["newContext"]>[0];

/** Opens a path of the gateway in a browser of its own, signed in as `userId`. */
async function visit(browser: Browser, gateway: HostedGateway, path: string, options: VisitOptions = {}): Promise<Visit> {
  const { userId, name = "Ada", groupId, ...rest } = options;
  const facts = { name, ...(groupId !== undefined && { groupId }) };
  const context = await browser.newContext({ viewport: WIDE, reducedMotion: "reduce", ...rest });
  const complaints: string[] = [];
  context.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  context.on("weberror", (error) => complaints.push(String(error.error())));
  const page = await context.newPage();
  if (userId !== undefined) await signIn(context, gateway.url, await gateway.provision(userId, facts));
  await page.goto(`${gateway.url}${path}`);
  return { context, page, complaints };
}

/** Sends the form of the sign-in page, without the page that it leads to: GraphiQL takes longer to load than most tests. */
async function signIn({ request }: BrowserContext, url: string, token: string): Promise<void> {
  const answer = await request.post(`${url}/sign-in`, { form: { token }, headers: { origin: url }, maxRedirects: 0 });
  if (answer.status() !== 303) throw new Error(`It is not signed in: ${await answer.text()}`);
}

/** By how much the page has shifted so far, without what its user has set off (web.dev/cls). */
export const shiftOf = (page: Page) =>
  page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        new PerformanceObserver((list) => {
          resolve(list.getEntries().reduce((sum, entry) => sum + ("value" in entry ? Number(entry.value) : 0), 0));
        }).observe({ type: "layout-shift", buffered: true });
        setTimeout(resolve, 100, 0);
      }),
  );

// GraphQL answers are read by tests in many shapes; each asserts what it reads.
// oxlint-disable-next-line typescript/no-explicit-any
export type Ask = (query: string, variables?: object) => Promise<any>;

/** Asks GraphQL as the page's user does. */
export async function signedInAs({ request }: BrowserContext, { url }: HostedGateway): Promise<Ask> {
  const ask = async (query: string, variables: object = {}, headers: Record<string, string> = {}) => {
    const answer = await request.post(`${url}/graphql`, { data: { query, variables }, headers: { origin: url, ...headers } });
    return (await answer.json()).data;
  };
  const { token } = (await ask("mutation { refreshSession { token } }")).refreshSession;
  return (query, variables) => ask(query, variables, { authorization: `Bearer ${token}` });
}

/** From a connector's page through the provider's consent, and back. */
export async function connectFrom(page: Page, name: string): Promise<void> {
  await page.getByRole("button", { name: `Connect ${name}` }).click();
  await answerConsent(page);
  await page.getByText("Your account").waitFor();
}

/**
 * Looks at the page on a wide screen or on a phone, in light or in dark; `npm run test:long` in all four ways. Takes a picture of each.
 * Answers what is wrong with it there: what axe finds, and what is cut off.
 */
export async function look(page: Page, name: string): Promise<string[]> {
  const wrong: string[] = [];
  await page.evaluate(AXE_SOURCE);
  for (const { size, viewport, colorScheme } of isLong ? LOOKS : [lookOf(name)]) {
    await page.setViewportSize(viewport);
    await page.emulateMedia({ colorScheme });
    const variant = `${name}-${size}-${colorScheme}`;
    if (takesPictures) await takePicture(page, `${SCREENSHOTS}${variant}.png`);
    await page.evaluate(endTransitions);
    wrong.push(...(await barriersOf(page)).map((barrier) => `${variant}: ${barrier}`));
    if (await page.evaluate(isCutOff)) wrong.push(`${variant}: cut off`);
  }
  await page.setViewportSize(WIDE);
  await page.emulateMedia({ colorScheme: null });
  return wrong;
}

/** Runs in the page: whether it is wider than the window, or what is in a dialog wider than that. */
export function isCutOff(): boolean {
  const inDialogs = [...document.querySelectorAll("dialog[open], dialog[open] .overflow-y-auto")];
  return document.documentElement.scrollWidth > innerWidth || inDialogs.some((part) => part.scrollWidth > part.clientWidth);
}

/** A picture that is the same in each run: what is random, or of this moment, is replaced by what is not while it is taken. */
export async function takePicture(page: Page, path: string): Promise<void> {
  const restore = await page.evaluateHandle(fixTexts);
  await page.screenshot({ path, animations: "disabled" });
  await restore.evaluate((undo) => undo());
}

/** Runs in the page: replaces ports, ids, dates and times of day in its texts. Answers what puts them back. */
function fixTexts(): () => void {
  const anywhere: [RegExp, string][] = [
    [/(?<=localhost:|127\.0\.0\.1:)\d+/g, "4000"],
    [/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "01234567-89ab-cdef-0123-456789abcdef"],
    [/(?<=\bpk_)[\w-]{16,}/g, "0123456789abcdefghijkl"],
    // The name of an account that has none: its connector's, and the beginning of its id.
    [/(?<=^\p{Lu}\p{L}* )[0-9a-f]{4}$/gu, "0123"],
  ];
  const inTimes: [RegExp, string][] = [
    [/\d{4}-\d\d-\d\d/g, "2026-11-22"],
    [/(?<![\d-])\d{1,2}(?![\d:-]|\d* ?[AP]M)/g, "22"],
    [/\d{1,2}:\d\d/g, "10:00"],
    [/(?<=10:00:)\d\d/g, "00"],
    [/[AP]M\b/g, "AM"],
    [/(?<=\d\.? )\p{L}{4,}(?= \d)|\p{L}{4,}(?= 22, )/gu, "November"],
    [/\b\p{L}{3}(?= 22, )/gu, "Nov"],
  ];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const originals: [node: Node, text: string, fixed: string][] = [];
  for (let node = texts.nextNode(); node; node = texts.nextNode()) {
    const text = node.nodeValue ?? "";
    const replacements = [...anywhere, ...(node.parentElement?.closest("time") ? inTimes : [])];
    const fixed = replacements.reduce((before, [pattern, value]) => before.replace(pattern, value), text);
    if (fixed === text) continue;
    originals.push([node, text, fixed]);
    node.nodeValue = fixed;
  }
  return () => {
    // What the page has written meanwhile stays.
    for (const [node, text, fixed] of originals) if (node.nodeValue === fixed) node.nodeValue = text;
  };
}

/** Runs in the page, whose colors are neither here nor there in the midst of one. */
function endTransitions(): void {
  for (const animation of document.getAnimations()) if (animation instanceof CSSTransition) animation.finish();
}

/** Every rule of axe, which the page has loaded, that the page breaks, with where. */
async function barriersOf(page: Page): Promise<string[]> {
  const violations = await page.evaluate(async () =>
    (await window.axe.run()).violations.map(({ id, nodes }) => ({ id, where: nodes.map(({ html }) => html) })),
  );
  return violations.flatMap(({ id, where }) => where.map((html) => `${id}: ${html}`));
}

declare global {
  interface Window {
    axe: typeof axe;
  }
}
