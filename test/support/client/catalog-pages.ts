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
/** Pages are looked at in turn, so that `npm test` sees both schemes and sizes, though each page in one. */
let looks = 0;

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
 * Looks at the page on a wide screen or on a phone, in light or in dark; `npm run test:long` in all four ways, of which it takes pictures.
 * Answers what is wrong with it there: what axe finds, and what is cut off.
 */
export async function look(page: Page, name: string): Promise<string[]> {
  const turn = looks++ % LOOKS.length;
  const wrong: string[] = [];
  await page.evaluate(AXE_SOURCE);
  for (const { size, viewport, colorScheme } of isLong ? LOOKS : LOOKS.slice(turn, turn + 1)) {
    await page.setViewportSize(viewport);
    await page.emulateMedia({ colorScheme });
    const variant = `${name}-${size}-${colorScheme}`;
    // Ends transitions too.
    if (isLong) await page.screenshot({ path: `${SCREENSHOTS}${variant}.png`, animations: "disabled" });
    else await page.evaluate(endTransitions);
    wrong.push(...(await barriersOf(page)).map((barrier) => `${variant}: ${barrier}`));
    if (await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)) wrong.push(`${variant}: cut off`);
  }
  await page.setViewportSize(WIDE);
  await page.emulateMedia({ colorScheme: null });
  return wrong;
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
