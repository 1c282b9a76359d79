/** The gateway's own pages in a real Chromium, in colours that are hard to read on. */
import { expect, it } from "vitest";
import { look, startAcme } from "../../test/support/client/catalog-pages.ts";

const LOGO = `data:image/svg+xml,${encodeURIComponent('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 3"><rect width="9" height="3" fill="#0f766e"/></svg>')}`;

it.each([
  ["#777777", LOGO],
  ["#facc15", null],
])("a form and an error are readable with the platform's colour %s and logo", async (color, logoUrl) => {
  const name = color.slice(1);
  const acme = await startAcme({ platform: { name: "Acme", color, logoUrl } });
  try {
    const { page, complaints } = await acme.open("/connect/desk", { userId: "ada" });
    await page.getByRole("heading", { name: "Connect Support Desk" }).waitFor();
    expect(await look(page, `form-${name}`)).toEqual([]);
    const shown = await page.getByRole("button", { name: "Connect" }).evaluate((button) => getComputedStyle(button).backgroundColor);
    const [red = 0, green = 0, blue = 0] = color.match(/\w\w/g)?.map((digits) => parseInt(digits, 16)) ?? [];
    expect(shown).toBe(`rgb(${red}, ${green}, ${blue})`);
    expect(complaints).toEqual([]);
    await page.goto(`${acme.gateway.url}/connect/nothing`);
    expect(await page.locator("header img").count()).toBe(logoUrl ? 1 : 0);
    expect(await look(page, `error-${name}`)).toEqual([]);
  } finally {
    await acme.stop();
  }
});
