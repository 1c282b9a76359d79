/** A catalog of sixty connectors: found, narrowed down, connected from the list, and laid out without a jump. */
import { readdirSync } from "node:fs";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Acme, look, shiftOf, startAcme, type VisitOptions } from "../../test/support/client/catalog-pages.ts";
import { casesOf } from "../../test/support/long.ts";
import { answerConsent } from "../../test/support/client/chromium.ts";

const SIXTY = 60;
/** What a visitor with a phone loads for the list of sixty, with what is known of one who is signed in. */
const LIST_BUDGET_BYTES = 5_000;
/** A good one is below 0.1 (web.dev/cls). */
const LAYOUT_SHIFT_BUDGET = 0.02;

/** Of the known providers, those with a logo that need no more than a client. */
const known = [
  "slack",
  "microsoft",
  "google",
  "github",
  "notion",
  "linear",
  "hubspot",
  "salesforce",
  "asana",
  "airtable",
  "figma",
  "dropbox",
];
const logos = readdirSync(new URL("../../gateway/providers/logos/", import.meta.url)).map((name) => name.replace(/\.\w+$/, ""));
const further = logos.filter((slug) => !known.includes(slug) && !/device|service|names|shopify|zendesk|snowflake/.test(slug));

let acme: Acme;
beforeAll(async () => {
  const client = { client_id: "id", client_secret: "secret", short_description: "Brings what you have there to where you work." };
  const providers = [...known, ...further].slice(0, SIXTY - 3).map((provider) => ({ provider, ...client }));
  const own = [
    { slug: "mail", name: "Team Mail", provider: "demo", categories: ["communication"], search_terms: ["post"] },
    { slug: "files", name: "Team Files", provider: "demo", categories: ["files"] },
    { slug: "key", name: "Key", collect: { fields: [{ name: "key", label: "API key", secret: true }] } },
  ];
  acme = await startAcme({
    connectors: [...providers, ...own],
    platform: { name: "Acme", color: "#0f766e", website: "https://acme.example/", privacyUrl: "https://acme.example/privacy" },
  });
});
afterAll(() => acme.stop());

const names = (page: Page) => page.getByRole("heading", { level: 3 }).allTextContents();

const PHONE = { width: 390, height: 844 };
const visits: [string, VisitOptions][] = [
  ["signed out, on a wide screen", {}],
  ["signed out, on a phone", { viewport: PHONE }],
  ["signed in, on a wide screen", { userId: "ada" }],
  ["signed in, on a phone", { userId: "ada", viewport: PHONE }],
];

test.each(casesOf(visits, ([, { viewport }]) => viewport === PHONE))(
  "the list and a connector's page do not jump while they load: %s",
  async (_who, options) => {
    const { page } = await acme.open("/", options);
    await page.getByRole("heading", { name: "Slack" }).waitFor();
    expect(await shiftOf(page)).toBeLessThan(LAYOUT_SHIFT_BUDGET);
    await page.goto(`${acme.gateway.url}/connectors/slack`);
    await page.getByText("asks Slack for permission to").waitFor();
    expect(await shiftOf(page)).toBeLessThan(LAYOUT_SHIFT_BUDGET);
  },
);

test("asks for what it shows, compressed, and for the logos that are seen", async () => {
  const { page, context } = await acme.open("/?close", { viewport: PHONE });
  const sizes: number[] = [];
  const pictures: string[] = [];
  page.on("requestfinished", async (request) => {
    if (request.postData()?.includes("searchTerms")) sizes.push((await request.sizes()).responseBodySize);
    if (request.url().includes("/logos/")) pictures.push(request.url());
  });
  await page.goto(acme.gateway.url);
  await page.getByRole("heading", { name: "Slack" }).waitFor();
  await expect.poll(() => sizes.length).toBeGreaterThan(0);
  expect(Math.max(...sizes)).toBeLessThan(LIST_BUDGET_BYTES);
  expect(pictures.length).toBeLessThan(SIXTY / 2);
  await context.close();
});

test("is searched by other names and with typing errors, and narrowed down, and the address keeps both", async () => {
  const { page } = await acme.open("/", { userId: "seeker" });
  const search = page.getByRole("searchbox");
  await page.getByRole("heading", { name: "Slack" }).waitFor();
  expect(await look(page, "many")).toEqual([]);
  for (const [text, name] of [
    ["slakc", "Slack"],
    ["office", "Microsoft"],
    ["gmail", "Google"],
  ] as const) {
    await search.fill(text);
    await expect.poll(() => names(page)).toEqual([name]);
  }
  await search.fill("");
  await page.getByRole("button", { name: "Communication" }).click();
  await expect.poll(() => names(page)).toContain("Team Mail");
  expect(await names(page)).not.toContain("Team Files");
  await search.fill("post");
  await expect.poll(() => new URL(page.url()).search).toBe("?q=post&filter=communication");
  expect(await look(page, "many-filtered")).toEqual([]);

  await page.reload();
  await expect.poll(() => names(page)).toEqual(["Team Mail"]);
  expect(await page.getByRole("button", { name: "Communication" }).getAttribute("aria-pressed")).toBe("true");
  await page.getByRole("link", { name: /Team Mail/ }).click();
  await page.getByRole("heading", { level: 1, name: "Team Mail" }).waitFor();
  await page.goBack();
  await expect.poll(() => names(page)).toEqual(["Team Mail"]);
  expect(await search.inputValue()).toBe("post");

  await page.goto(`${acme.gateway.url}/?q=post&filter=no-such-filter`);
  await expect.poll(() => page.getByRole("button", { name: "All" }).getAttribute("aria-pressed")).toBe("true");
  await expect.poll(() => new URL(page.url()).search).toBe("?q=post");
});

test("connects from a card once it has said what is asked for, and says that it has", async () => {
  const { page, complaints } = await acme.open("/?q=mail", { userId: "connecting" });
  const connect = page.getByRole("button", { name: "Connect Team Mail" });
  await connect.waitFor();
  // Where success is said is there before it is said.
  const silent = page.locator("p[role=status]:empty");
  expect(await silent.evaluateAll((regions) => regions.map((region) => getComputedStyle(region).display))).toEqual(["block"]);
  await connect.click();
  const dialog = page.getByRole("dialog", { name: "Connect Team Mail" });
  await dialog.getByText("See your email address").waitFor();
  await dialog.getByText("Acme never sees your Team Mail password").waitFor();
  expect(await dialog.getByRole("link", { name: "How Acme handles your data" }).getAttribute("href")).toBe("https://acme.example/privacy");
  expect(await dialog.getByText("openid", { exact: true }).isVisible()).toBe(false);
  await dialog.getByText("Details").click();
  expect(await dialog.getByText("openid", { exact: true }).isVisible()).toBe(true);
  expect(await look(page, "many-connect")).toEqual([]);
  await dialog.getByRole("button", { name: "Continue to Team Mail" }).click();
  await answerConsent(page);
  const toast = page.getByRole("status").filter({ hasText: "Team Mail is connected." });
  await toast.waitFor();
  expect(new URL(page.url()).search).toBe("?q=mail");
  await page.getByText("Connected as ada@example.test").waitFor();
  expect(await look(page, "many-connected")).toEqual([]);
  await page.reload();
  await page.getByText("Connected as ada@example.test").waitFor();
  expect(await toast.count()).toBe(0);
  expect(complaints).toEqual([]);
});

test("says who is signed in and in which team, on each page", async () => {
  const { page } = await acme.open("/?close", { userId: "ada-lovelace", name: "Ada Lovelace", groupId: "Analysts" });
  for (const path of ["/", "/connectors/slack", "/connectors/nothing"]) {
    await page.goto(`${acme.gateway.url}${path}`);
    const header = page.getByRole("banner");
    await header.getByText("Ada Lovelace").waitFor();
    await header.getByText("AL", { exact: true }).waitFor();
    await header.getByText("Team Analysts").waitFor();
    await header.getByRole("button", { name: "Sign out" }).waitFor();
  }
  await page.goto(`${acme.gateway.url}/connectors/key?locale=de`);
  await page.getByText("Acme erhält nur, was Sie eingeben oder erlauben").waitFor();
  expect(await page.getByRole("link", { name: "Alle Integrationen" }).getAttribute("href")).toBe("/?locale=de");
  await page.goto(`${acme.gateway.url}/connectors/slack`);
  await page.getByText("asks Slack for permission to").waitFor();
  expect(await look(page, "many-connector")).toEqual([]);
});
