/** What stays visible in the system's colours, with a colour of the platform's that is as bright as the page, and to weak eyes. */
import type { Locator, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Acme, connectFrom, look, startAcme } from "../../test/support/client/catalog-pages.ts";

const key = {
  slug: "key",
  name: "Key",
  collect: { instructions: "Make one in [the settings](https://example.com/).", fields: [{ name: "key", label: "API key", secret: true }] },
};

let acme: Acme;
beforeAll(
  async () =>
    void (acme = await startAcme({
      connectors: [key, { slug: "calendar", name: "Calendar", provider: "demo" }],
      platform: { name: "Acme", color: "#ffffff" },
    })),
);
afterAll(() => acme.stop());

/** WCAG 2.2, relative luminance of a computed colour. */
function luminanceOf(color: string): number {
  const [red = 0, green = 0, blue = 0] = [...color.matchAll(/[\d.]+/g)].map(([value]) => {
    const share = Number(value) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrastOf(one: string, other: string): number {
  const [darker = 0, lighter = 0] = [luminanceOf(one), luminanceOf(other)].toSorted((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
}

/** By how much the edge of a shape, else its ground, differs from what it is on. */
async function contrastOfShape(shape: Locator, surface: string): Promise<number> {
  const { edge, ground } = await shape.evaluate((element) => {
    const { borderTopColor, borderTopWidth, backgroundColor } = getComputedStyle(element);
    return { edge: borderTopWidth === "0px" ? "transparent" : borderTopColor, ground: backgroundColor };
  });
  const isClear = (color: string) => color === "transparent" || (color.startsWith("rgba") && color.endsWith(", 0)"));
  return Math.max(...[edge, ground].filter((color) => !isClear(color)).map((color) => contrastOf(color, surface)), 1);
}

const surfaces = { light: "rgb(255, 255, 255)", dark: "rgb(26, 27, 31)" };
const schemes = ["light", "dark"] as const;

test.each(schemes)("a button is seen, and a field, where the platform is white, on %s", async (colorScheme) => {
  const { page } = await acme.open("/connectors/key", { userId: "ada", colorScheme });
  const connect = page.getByRole("button", { name: "Connect Key" });
  await connect.waitFor();
  expect(await contrastOfShape(connect, surfaces[colorScheme])).toBeGreaterThanOrEqual(3);
  await connect.click();
  const field = page.getByRole("dialog").getByLabel("API key");
  expect(await contrastOfShape(field.locator(".."), surfaces[colorScheme])).toBeGreaterThanOrEqual(3);
});

test.each(schemes)("they are on the gateway's own pages too, on %s", async (colorScheme) => {
  const { page } = await acme.open("/connect/key", { userId: "ada", colorScheme });
  const surface = colorScheme === "light" ? "rgb(255, 255, 255)" : "rgb(24, 24, 27)";
  expect(await contrastOfShape(page.getByRole("button", { name: "Save" }), surface)).toBeGreaterThanOrEqual(3);
  expect(await contrastOfShape(page.getByLabel("API key"), surface)).toBeGreaterThanOrEqual(3);
});

test("the dialog leads to its first field, not to a link of the instructions", async () => {
  const { page } = await acme.open("/connectors/key", { userId: "ada" });
  await page.getByRole("button", { name: "Connect Key" }).click();
  await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute("name"))).toBe("key");
});

test("in the system's colours a button has an edge, and what is connected a dot", async () => {
  const { page } = await acme.open("/connectors/calendar", { userId: "ben" });
  await connectFrom(page, "Calendar");
  await page.emulateMedia({ forcedColors: "active" });
  expect(await look(page, "forced-colors")).toEqual([]);
  await page.emulateMedia({ forcedColors: "active" });
  const ground = await canvasOf(page);
  expect(await edgeOf(page.getByRole("button", { name: "Disconnect" }))).not.toBe("0px");
  expect(await contrastOfShape(dotOf(page), ground)).toBeGreaterThanOrEqual(3);
  await page.goto(`${acme.gateway.url}/connectors/key`);
  const connect = page.getByRole("button", { name: "Connect Key" });
  expect(await edgeOf(connect)).not.toBe("0px");
  expect(await contrastOfShape(connect, ground)).toBeGreaterThanOrEqual(3);
  expect(await edgeOf(page.locator("header span[aria-hidden]").first())).not.toBe("0px");
});

/** The ground of a page in the system's colours. */
const canvasOf = (page: Page): Promise<string> =>
  page.evaluate(() => {
    const probe = document.body.appendChild(document.createElement("i"));
    probe.style.cssText = "background: Canvas; forced-color-adjust: none";
    const { backgroundColor } = getComputedStyle(probe);
    probe.remove();
    return backgroundColor;
  });

const edgeOf = (shape: Locator): Promise<string> => shape.evaluate((element) => getComputedStyle(element).borderTopWidth);

const dotOf = (page: Page): Locator => page.getByText("Connected", { exact: true }).locator("xpath=preceding-sibling::span");
