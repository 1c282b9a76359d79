/**
 * Takes the twelve pictures of `docs/screenshots`: of a gateway with sixty connectors, as its users and its operator see it.
 *
 *     npm run docs:screenshots
 */
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import type { BrowserContext, Page } from "playwright-core";
import { parseConfig } from "../gateway/config/config.ts";
import { systemClock } from "../gateway/runtime/clock.ts";
import { createLog } from "../gateway/runtime/log.ts";
import { openServices } from "../gateway/services.ts";
import { startAuthorizationServer } from "../test/support/authorization-server.ts";
import { type Acme, connectFrom, signedInAs, startAcme, takePicture } from "../test/support/client/catalog-pages.ts";
import { answerConsent } from "../test/support/client/chromium.ts";

const FOLDER = fileURLToPath(new URL("../docs/screenshots/", import.meta.url));
const LOGOS = new URL("../gateway/providers/logos/", import.meta.url);
const SIXTY = 60;
const PHONE = { width: 390, height: 844 };

/** Once the logos that are seen are there. */
async function take(page: Page, name: string): Promise<void> {
  await page.waitForFunction(() => [...document.images].every(({ complete, y }) => complete || y > innerHeight));
  await takePicture(page, `${FOLDER}${name}.png`);
}

/** What each of these does, for the card in the list. */
const described: Record<string, [name: string, text: string, categories: string[]]> = {
  slack: ["Slack", "Post updates where your team talks.", ["communication"]],
  google: ["Google Calendar", "See your week beside your work.", ["calendar", "productivity"]],
  github: ["GitHub", "Link pull requests to tasks.", ["development"]],
  notion: ["Notion", "Link pages to projects.", ["productivity"]],
};

/** Those that are connected in the pictures are before the demo provider, with the logos of what they stand for. */
const connectable = Object.entries(described).map(([slug, [name, short_description, categories]]) => ({
  slug,
  name,
  short_description,
  categories,
  provider: "demo",
  mark_url: `data:image/svg+xml;base64,${readFileSync(new URL(`${slug}.svg`, LOGOS)).toString("base64")}`,
}));

const client = { client_id: "id", client_secret: "secret", short_description: "Brings what you have there to where you work." };
const others = readdirSync(LOGOS)
  .map((file) => file.replace(/\.\w+$/, ""))
  .filter((provider) => !(provider in described) && !/device|service|names|shopify|zendesk|snowflake|github/.test(provider))
  .map((provider) => ({ provider, ...client }));

const desk = {
  slug: "desk",
  name: "Support Desk",
  short_description: "Turn customer questions into tasks.",
  categories: ["support"],
  collect: {
    instructions: "Make a key under **Settings → API**, then paste it here.",
    save_label: "Connect",
    fields: [
      { name: "subdomain", label: "Subdomain", suffix: ".desk.example" },
      { name: "api_key", label: "API key", secret: true },
    ],
  },
};

/** Has the gateway find out that the provider has ended the user's grants. */
async function breakConnection({ gateway }: Acme, context: BrowserContext, slug: string): Promise<void> {
  await fetch(gateway.provider.grantsUrl, { method: "POST", body: new URLSearchParams({ account: "ada" }), redirect: "manual" });
  const ask = await signedInAs(context, gateway);
  const query = `query ($slug: ID!, $rejected: String) { accessToken(where: { slug: $slug }, rejected: $rejected) { ... on AccessToken { fingerprint } } }`;
  const { accessToken } = await ask(query, { slug });
  await ask(query, { slug, rejected: accessToken.fingerprint });
}

/** A user who connects, whose connection ends, and who looks at it on each kind of screen. */
async function walkCatalog(acme: Acme): Promise<void> {
  const { url } = acme.gateway;
  const { page, context } = await acme.open("/connectors/notion", { userId: "ada", name: "Ada Lovelace", colorScheme: "light" });
  const goTo = (path: string) => page.goto(`${url}${path}`);
  await connectFrom(page, "Notion");
  await breakConnection(acme, context, "notion");
  await goTo("/connectors/github");
  await connectFrom(page, "GitHub");
  await page.getByRole("status").filter({ hasText: "GitHub is connected." }).waitFor();
  await take(page, "connected");
  await goTo("/connectors/notion");
  await page.getByText("Notion no longer accepts this connection.").waitFor();
  await take(page, "needs-attention");
  await goTo("/?filter=calendar");
  await page.getByRole("button", { name: "Connect Google Calendar" }).click();
  await page.getByRole("dialog").getByText("See your email address").waitFor();
  await take(page, "permissions");
  await goTo("/connectors/desk");
  await page.getByRole("button", { name: "Connect Support Desk" }).click();
  await page.getByRole("dialog").getByLabel("Subdomain").fill("acme");
  await take(page, "api-key");
  await goTo("/connectors/tv");
  await page.getByRole("button", { name: "Connect TV" }).click();
  await page.getByRole("dialog").getByText("WDJB-MJHT").waitFor();
  await take(page, "device-code");
  await goTo("/connect/slack");
  await answerConsent(page);
  await page.getByRole("link", { name: "Continue" }).waitFor();
  await take(page, "callback");
  await goTo("/");
  await page.getByText("An integration needs your attention.").waitFor();
  await take(page, "catalog");

  await page.emulateMedia({ forcedColors: "active", colorScheme: "dark" });
  await goTo("/?filter=communication");
  await page.getByText("Connected as").first().waitFor();
  await take(page, "forced-colors");
  await page.emulateMedia({ forcedColors: null, colorScheme: "dark" });
  await page.setViewportSize(PHONE);
  await goTo("/?locale=de");
  await page.getByText("Eine Integration").waitFor();
  await take(page, "phone-dark");
  await context.close();
}

/** The operator's list of connections, and GraphiQL. */
async function walkOperator(acme: Acme): Promise<void> {
  const services = await openServices(parseConfig(acme.gateway.env, null), systemClock, createLog("silent"));
  const { id, secret } = await services.auth.apiKeys.create("operator");
  await services.close();
  const { page, context } = await acme.open("/admin", { colorScheme: "light" });
  await page.getByLabel("Publishable key").fill(id);
  await page.getByLabel("Secret key").fill(secret);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("link", { name: "Connections", exact: true }).click();
  await page.getByRole("heading", { name: "Connections", level: 1 }).waitFor();
  await take(page, "admin");
  await context.close();
  const visit = await acme.open("/graphql", { userId: "ada", colorScheme: "light" });
  await visit.page.getByRole("tab").first().waitFor();
  await take(visit.page, "graphiql");
  await visit.context.close();
}

/** `xkit.openCatalog` over an app's page. */
async function walkApp(acme: Acme, appUrl: string): Promise<void> {
  const { page, context } = await acme.open("/?close", { colorScheme: "dark" });
  await page.goto(appUrl);
  await page.evaluate((token) => window.xkit.login(token), await acme.gateway.provision("ada"));
  await page.evaluate(() => void window.xkit.openCatalog());
  await page.getByRole("dialog").getByText("An integration needs your attention.").waitFor();
  await take(page, "open-catalog");
  await context.close();
}

const codes = await startAuthorizationServer();
const device = { ...codes.providerFacts, kind: "device", device_authorization_endpoint: `${codes.url}/device` };
const tv = { slug: "tv", name: "TV", provider: device, client_id: codes.client.clientId, client_secret: codes.client.clientSecret };
let html = "";
const app = createServer((_request, response) => response.writeHead(200, { "content-type": "text/html" }).end(html));
await new Promise<void>((resolve) => app.listen(0, "localhost", resolve));
const address = app.address();
const appUrl = `http://localhost:${typeof address === "object" ? address?.port : 0}`;
const own = [...connectable, desk, tv];
const acme = await startAcme({
  connectors: [...own, ...others.slice(0, SIXTY - own.length)],
  platform: { name: "Acme", color: "#0f766e", website: "https://acme.example/", privacyUrl: "https://acme.example/privacy" },
  webOrigins: [appUrl],
});
html = `<!doctype html><html lang="en"><meta name="color-scheme" content="light dark"><title>Acme</title>
<style>body { font: 18px/1.6 system-ui; margin: 3rem auto; max-width: 60rem; background: Canvas; }</style>
<h1>Acme</h1><p>Projects, tasks and what your team talks about, in one place.</p><script src="${acme.gateway.url}/xkit.js"></script>`;
try {
  rmSync(FOLDER, { recursive: true, force: true });
  await walkCatalog(acme);
  await walkOperator(acme);
  await walkApp(acme, appUrl);
} finally {
  await acme.stop();
  await codes.close();
  app.close();
}
const bytes = readdirSync(FOLDER).reduce((sum, name) => sum + readFileSync(`${FOLDER}${name}`).length, 0);
console.log(`${readdirSync(FOLDER).length} pictures, ${Math.round(bytes / 1000)} kB: ${FOLDER}`);
