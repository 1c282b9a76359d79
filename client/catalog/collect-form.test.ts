/** What a connector asks of its user, in the catalog's dialog and on the gateway's own page. */
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type Acme, look, signedInAs, startAcme } from "../../test/support/client/catalog-pages.ts";

vi.setConfig({ testTimeout: 60_000 });

const help = {
  slug: "help",
  name: "Help",
  provider: {
    kind: "api_key",
    variables: [
      { name: "subdomain", label: "Help address", hint: "As it is in your browser.", strip: ".help.example" },
      { name: "region", label: "Region", enum: ["eu", "us"], may: "param" },
      { name: "tier", label: "Plan", enum: ["free", "team"], default: "team", optional: true, may: "param" },
    ],
    collect: [
      { name: "api_key", label: "API key", secret: true },
      { name: "note", label: "Note", optional: true },
    ],
    metadata: { subdomain: "field:subdomain", region: "field:region", tier: "field:tier" },
  },
  collect: {
    fields: [{ name: "subdomain" }, { name: "region" }, { name: "tier" }, { name: "api_key" }, { name: "note" }],
  },
};
const METADATA = `{ connection(where: { slug: "help" }) { metadata { name value } } }`;
const METADATA_WANTED = [
  { name: "region", value: "us" },
  { name: "subdomain", value: "acme" },
  { name: "tier", value: "team" },
];
const WRONG = "Help address must be the name before .help.example, or the whole address.";

let acme: Acme;
beforeAll(async () => void (acme = await startAcme({ connectors: [help] })));
afterAll(() => acme.stop());

test("the dialog offers what can be chosen, fills in what is usual, and says beside a field what is wrong with it", async () => {
  const { page, context } = await acme.open("/connectors/help", { userId: "dialog" });
  await page.getByRole("button", { name: "Connect Help" }).click();
  const dialog = page.getByRole("dialog");
  const address = dialog.getByLabel("Help address");
  await dialog.getByText("As it is in your browser.").waitFor();
  expect(await dialog.getByLabel("Plan", { exact: true }).inputValue()).toBe("team");
  await dialog.getByLabel("Note (optional)").waitFor();
  expect(await dialog.getByLabel("Region").locator("option").allTextContents()).toEqual(["Choose…", "eu", "us"]);
  expect(await look(page, "collect-dialog")).toEqual([]);
  await address.fill("acme.example/evil");
  await dialog.getByLabel("Region").selectOption("us");
  await dialog.getByLabel("API key").fill("key-of-ada");
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect.poll(() => dialog.getByRole("alert").textContent()).toBe(WRONG);
  expect(await address.getAttribute("aria-describedby")).toContain(await dialog.getByRole("alert").getAttribute("id"));
  await expect.poll(() => address.evaluate((element) => element === document.activeElement)).toBe(true);
  expect(await address.inputValue()).toBe("acme.example/evil");
  expect(await look(page, "collect-dialog-refused")).toEqual([]);
  await address.fill("https://acme.help.example/");
  await dialog.getByRole("button", { name: "Save" }).click();
  await page.getByText("Your account").waitFor();
  expect((await (await signedInAs(context, acme.gateway))(METADATA)).connection.metadata).toEqual(METADATA_WANTED);
});

test("the gateway's page does the same, and shows no secret again", async () => {
  const { page, context } = await acme.open("/connect/help", { userId: "page" });
  const address = page.getByLabel("Help address");
  expect(await page.getByLabel("Plan", { exact: true }).inputValue()).toBe("team");
  await page.getByLabel("Note (optional)").waitFor();
  await address.fill("acme.example/evil");
  await page.getByLabel("Region").selectOption("us");
  await page.getByLabel("API key").fill("key-of-ada");
  expect(await look(page, "collect-page")).toEqual([]);
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText(WRONG).waitFor();
  expect(await address.getAttribute("aria-describedby")).toBe("subdomain-hint subdomain-problem");
  await page.getByText("As it is in your browser.").waitFor();
  expect(await address.evaluate((element) => element === document.activeElement)).toBe(true);
  expect([await address.inputValue(), await page.getByLabel("Region").inputValue()]).toEqual(["acme.example/evil", "us"]);
  expect(await page.getByLabel("API key").inputValue()).toBe("");
  expect(await look(page, "collect-page-refused")).toEqual([]);
  await address.fill("https://acme.help.example/");
  await page.getByLabel("API key").fill("key-of-ada");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Your account").waitFor();
  expect((await (await signedInAs(context, acme.gateway))(METADATA)).connection.metadata).toEqual(METADATA_WANTED);
});
