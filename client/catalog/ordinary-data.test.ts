/** Names and addresses as people have them: long, in any script, from right to left. */
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Acme, connectFrom, look, shiftOf, startAcme } from "../../test/support/client/catalog-pages.ts";
import { casesOf } from "../../test/support/long.ts";

const LONG_WORD = "Donaudampfschifffahrtselektrizitaetenhauptbetriebswerkbauunterbeamtengesellschaft";
const LONG_ADDRESS = `${"wolfeschlegelsteinhausenbergerdorff".repeat(2)}@${"department-of-administrative-affairs.".repeat(2)}example`;
/** A block of code, in one line. */
const LONG_LINE = `\n\n    ${LONG_WORD.repeat(3)}\n`;
const WIDTHS = [390, 320];
const LAYOUT_SHIFT_BUDGET = 0.02;

let acme: Acme;
beforeAll(async () => {
  const connectors = [
    {
      slug: "works",
      name: LONG_WORD,
      short_description: LONG_WORD,
      description: `# ${LONG_WORD}\n\n\`${LONG_WORD}\`${LONG_LINE}`,
      provider: "demo",
    },
    {
      slug: "key",
      name: LONG_WORD,
      collect: { instructions: LONG_WORD + LONG_LINE, fields: [{ name: "key", label: LONG_WORD, suffix: LONG_WORD, secret: true }] },
    },
    { slug: "family", name: "👨‍👩‍👧‍👦 Family", short_description: "Everyone.", mark_url: "https://logo.invalid/family.svg", provider: "demo" },
    { slug: "arabic", name: "تقويم", short_description: "كل المواعيد في مكان واحد.", provider: "demo" },
  ];
  acme = await startAcme({ connectors, platform: { name: LONG_WORD, website: "https://acme.example/" } });
});
afterAll(() => acme.stop());

/** By how many pixels the page is wider than its window, by the width of the window. */
async function excessOf(page: Page): Promise<number[]> {
  const excess: number[] = [];
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 844 });
    excess.push(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth));
  }
  return excess;
}

const NO_EXCESS = WIDTHS.map(() => 0);

test("fit a phone in the list, on a connector's page, and on one that does not exist", async () => {
  const { page } = await acme.open("/", { userId: LONG_ADDRESS });
  for (const path of ["/", "/connectors/works", "/connectors/nothing"]) {
    await page.goto(`${acme.gateway.url}${path}`);
    await page.getByRole("heading").first().waitFor();
    await page.getByText("Sign out").waitFor();
    expect(await excessOf(page), path).toEqual(NO_EXCESS);
  }
});

test("fit a phone while and after connecting", async () => {
  const { page } = await acme.open("/connectors/works", { userId: LONG_ADDRESS });
  await connectFrom(page, LONG_WORD);
  expect(await excessOf(page)).toEqual(NO_EXCESS);
  expect(await look(page, "ordinary-data-connected")).toEqual([]);
  await page.getByRole("button", { name: "Disconnect" }).click();
  await page.getByRole("dialog").waitFor();
  expect(await excessOf(page)).toEqual(NO_EXCESS);
});

test("fit a phone in the form of an API key, in the catalog and on the gateway's own page", async () => {
  const { page } = await acme.open("/connectors/key", { userId: LONG_ADDRESS });
  await page.getByRole("button", { name: "Connect" }).click();
  await page.getByRole("dialog").waitFor();
  expect(await excessOf(page)).toEqual(NO_EXCESS);
  expect(await page.getByRole("dialog").evaluate((dialog) => dialog.scrollWidth - dialog.clientWidth)).toBe(0);
  await page.goto(`${acme.gateway.url}/connect/key`);
  await page.getByRole("button").first().waitFor();
  expect(await excessOf(page)).toEqual(NO_EXCESS);
  expect(await page.locator("pre").evaluate((code) => code.scrollWidth - code.clientWidth)).toBe(0);
});

/** Runs in the page: what is wrong with its header for each platform, viewer and team. It shows those of the test below. */
function findCrowding(names: string[]): string[] {
  const spans = [...document.querySelectorAll("header span")];
  const platform = spans.find(({ textContent }) => textContent === names[0]);
  const viewer = spans.findLast(({ textContent }) => textContent.includes("Ada Lovelace"));
  const team = spans.find(({ textContent }) => textContent === "Team Analysts");
  if (!platform || !viewer || !team) throw new Error("The header shows other names.");
  const isPhone = innerWidth < 640;
  const viewerText = [...viewer.childNodes].find((node) => node.nodeType === Node.TEXT_NODE);
  const isCut = (part: Element, sense: number) => part.clientWidth < Math.min(part.scrollWidth, sense);
  const wrong: string[] = [];
  for (const platformName of names) {
    for (const viewerName of names) {
      for (const teamName of ["", ...names]) {
        platform.textContent = platformName;
        if (viewerText) viewerText.nodeValue = viewerName;
        team.textContent = teamName;
        const out = [...document.querySelectorAll("header button, header a")].some(
          (part) => part.getBoundingClientRect().right > innerWidth,
        );
        const problems = [
          document.documentElement.scrollWidth > innerWidth && "wider than the page",
          out && "cut off",
          isCut(platform, 40) && `platform of ${platform.clientWidth} px`,
          isCut(viewer, isPhone ? 45 : 140) && `viewer of ${viewer.clientWidth} px`,
        ];
        const what = problems.filter((problem) => problem !== false).join(", ");
        if (what) wrong.push(`${innerWidth} px, ${platformName}, ${viewerName}, ${teamName}: ${what}`);
      }
    }
  }
  platform.textContent = names[0] ?? "";
  if (viewerText) viewerText.nodeValue = "Ada Lovelace";
  team.textContent = "Team Analysts";
  return wrong;
}

test("share the header of a page: all of them can be told, and what can be pressed is there", async () => {
  const { page } = await acme.open("/connectors/nothing", { userId: "u", name: "Ada Lovelace", groupId: "Analysts", locale: "de-DE" });
  await page.getByRole("button", { name: "Abmelden" }).waitFor();
  const names = [LONG_WORD, "Bo", "Northwind Traders International", LONG_ADDRESS];
  const wrong: string[] = [];
  for (const width of [320, 390, 640, 1280]) {
    await page.setViewportSize({ width, height: 844 });
    wrong.push(...(await page.evaluate(findCrowding, names)));
  }
  expect(wrong).toEqual([]);
});

test.each(casesOf(["ada", undefined], (userId) => userId !== undefined))(
  "do not move a phone's page when they are known, after it is shown: %s",
  async (userId) => {
    const options = { viewport: { width: 390, height: 844 }, locale: "de-DE", ...(userId !== undefined && { userId }) };
    const { page } = await acme.open("/?close", options);
    await page.route("**/graphql", async (route) => {
      await page.getByRole("status", { name: /geladen$/ }).waitFor();
      await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
      await route.continue();
    });
    for (const path of ["/", "/connectors/works"]) {
      await page.goto(`${acme.gateway.url}${path}`);
      await page
        .getByText(userId === undefined ? "Melden Sie sich an" : "Abmelden")
        .first()
        .waitFor();
      await page.getByRole("heading", { name: LONG_WORD }).first().waitFor();
      expect(await shiftOf(page), path).toBeLessThan(LAYOUT_SHIFT_BUDGET);
    }
  },
);

test("show the first character of a name as a whole", async () => {
  const { page } = await acme.open("/", { userId: "ada" });
  const mark = page
    .getByRole("link", { name: /Family/ })
    .locator("span[aria-hidden]")
    .first();
  await expect.poll(() => mark.textContent()).toBe("👨‍👩‍👧‍👦");
});

test("are shown in browsers that cannot tell what a character is", async () => {
  const { page, context } = await acme.open("/?close");
  await context.addInitScript(() => Reflect.deleteProperty(Intl, "Segmenter"));
  await page.goto(acme.gateway.url);
  const mark = page.getByRole("link", { name: /Donau/ }).locator("span[aria-hidden]").first();
  await expect.poll(() => mark.textContent()).toBe("D");
});

test("lay a text out from right to left where its script is written so", async () => {
  const { page } = await acme.open("/", { userId: "ada" });
  await page.getByText("Everyone.").waitFor();
  expect(await sideOf(page, "كل المواعيد في مكان واحد.")).toBe("right");
  expect(await sideOf(page, "تقويم")).toBe("right");
  expect(await sideOf(page, "Everyone.")).toBe("left");
});

/** The side of its box that a text begins at. */
const sideOf = (page: Page, text: string): Promise<"left" | "right"> =>
  page.getByText(text, { exact: true }).evaluate((element) => {
    const range = document.createRange();
    range.selectNodeContents(element);
    const [letters, box] = [range.getBoundingClientRect(), element.getBoundingClientRect()];
    return letters.left - box.left < box.right - letters.right ? "left" : "right";
  });
